"""Propose comparisons: every group against its reference, alike in all else that the record tells."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from sidemine.prepare.group_labels import group_columns, one_to_one, words_of
from sidemine.scaffold.groups import COVARIATE_NAMES, find_grouping
from sidemine.scaffold.pairs import UNIT_NAMES, find_pairs
from sidemine.scaffold.proposal import ProposedContrast
from sidemine.study.selector_nodes import And, Comparison, Node, normalise
from sidemine.study.selectors import Selector

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.scaffold.groups import Grouping, Label
    from sidemine.scaffold.proposal import Derivation, StudyRole

FEWEST = 3
"""Samples per group that a run asks for by default (`min_group_size`)."""
MOST_CONTRASTS = 24
_STRATA = re.compile(r"(^|_)(cell|tissue|organ|line|time|dose|concentration|strain|day|week|visit)")
_NO_STRATA = re.compile(UNIT_NAMES.pattern + r"|(^|_)(replicate|rep|well|title|description)(_|$)")
_DOSES = re.compile(r"(^|_)(dose|concentration)")
_PLACES = re.compile(r"(^|_)(cell|tissue|organ|line|batch|plate|chip|run|lane|site|sex|gender|time)")
_POOL = re.compile(
    r"(?i)\bpool(s|ed)?\b|\bof (two|three|four|five|six|seven|eight|nine|ten|\d+) (\w+ )*(donors|people|patients)"
)
_NUMBER = re.compile(r"\d+(\.\d+)?( ?(y|yr|yrs|year|years)\.?( old)?)?")
_UNKNOWN = {"", "na", "n/a", "unknown", "not available", "missing", "--", "nd"}
_WORD = 3
_LONGEST_LABEL = 80


def propose_contrasts(
    samples: pd.DataFrame, role: StudyRole
) -> tuple[tuple[ProposedContrast, ...], tuple[Derivation, ...], tuple[str, ...]]:
    """Return comparisons that the record's words suggest, the columns that they need, and what is odd about the whole.

    Selectors compare whole values (`key = "value"`), never parts. Where the target is spread over cells, times or doses, each
    gets its own comparison. Other keys in which the target is constant are asked of the reference too, as long as two of its
    samples have them.

    Parameters
    ----------
    samples
        Samples × metadata of one dataset.
    role
        Whether a disease or a drug is looked for.
    """
    grouping = find_grouping(samples, role)
    if grouping is None:
        return (
            (),
            (),
            ("No key and no part of the names separates groups of two or more samples: write contrasts by hand.",),
        )
    contrasts: list[ProposedContrast] = []
    notes = [*grouping.notes, *_notes_on_labels(grouping)]
    for label in grouping.labels:
        proposed, told = _against_references(grouping, label, role)
        contrasts += proposed
        notes += told
    derivations = [grouping.derivation] if grouping.derivation else []
    derivations += [
        contrast.pairing.derivation for contrast in contrasts if contrast.pairing and contrast.pairing.derivation
    ]
    contrasts.sort(
        key=lambda contrast: (
            min(contrast.n_target, contrast.n_reference) < FEWEST,
            -min(contrast.n_target, contrast.n_reference),
        )
    )
    if len(contrasts) > MOST_CONTRASTS:
        notes.append(f"{len(contrasts) - MOST_CONTRASTS} further comparisons are not written.")
    return tuple(contrasts[:MOST_CONTRASTS]), tuple(dict.fromkeys(derivations)), tuple(notes)


def _notes_on_labels(grouping: Grouping) -> list[str]:
    notes = []
    for label in grouping.labels:
        if len(label.spellings) > 1:
            shown = ", ".join(map(repr, label.spellings))
            notes.append(f"Column {grouping.column}: {shown} look like spellings of one label and are taken together.")
        if any(_POOL.search(text) for text in label.spellings):
            notes.append(
                f"Column {grouping.column}: {label.text!r} reads like a pool of people: a pool is one sample of many."
            )
        if label.count == 1:
            notes.append(f"Column {grouping.column}: {label.text!r} has one sample and is in no comparison.")
    return notes


# ------------------------------------------------------------------------------------------------- one group, its references


def _against_references(grouping: Grouping, label: Label, role: StudyRole) -> tuple[list[ProposedContrast], list[str]]:
    """Return the comparisons of one group, of every stratum that has a reference, and which strata have none."""
    others = [other for other in grouping.labels if other is not label and other.count > 1]
    references = [other for other in others if other.reads_like_reference]
    contained = [other for other in others if _says_more(label, other)]
    reason = ""
    if label.names_control or label.count < 2:
        return [], []
    if label.reads_like_reference:  # a non-responder may be compared with the healthy, a non-tumour is a reference
        references = [other for other in references if other.names_control and other.count >= FEWEST]
        if not references:
            return [], []
    if contained and (role == "inhibitor" or not references):
        references = [max(contained, key=lambda other: len(words_of(other.text)))]
        reason = f"{label.text!r} says all that {references[0].text!r} says, and more"
    elif references:
        reason = "the reference reads like a control"
    elif label is grouping.labels[0] or not others:
        return [], []
    else:
        references = [grouping.labels[0]]
        reason = "NO label reads like a control: the commonest one is taken, which may be the wrong way round"
    contrasts, notes = [], []
    for stratum in _strata(grouping, label, references, role):
        made = [_compare(grouping, label, other, stratum, role) for other in references]
        # First a control by name, then the one that says more of what the target says: IFN + DMSO beside IFN + drug.
        best = max(
            (contrast for contrast in made if contrast),
            key=lambda contrast: _fitness(grouping, label, contrast),
            default=None,
        )
        if best:
            alternatives = [other.text for other in references if not _is_named(best.reference_label, other)]
            traps = [f"other labels read like a reference too: {'; '.join(alternatives)}"] if alternatives else []
            evidence = (f"column {grouping.column}; {reason}", *best.evidence)
            contrasts.append(replace(best, evidence=evidence, traps=(*best.traps, *traps)))
        else:
            where = f" with {Selector(_all_of(stratum))}" if stratum else ""
            notes.append(f"{label.text!r}{where} is in no comparison: fewer than two samples on one side.")
    return contrasts, notes


def _is_named(reference_label: str, label: Label) -> bool:
    return reference_label.startswith(label.text[:_LONGEST_LABEL])


def _fitness(grouping: Grouping, label: Label, contrast: ProposedContrast) -> tuple[bool, bool, int, int]:
    by_name = any(other.names_control and _is_named(contrast.reference_label, other) for other in grouping.labels)
    alike = len(set(words_of(label.text)) & set(words_of(contrast.reference_label)))
    return contrast.n_reference >= FEWEST, by_name, alike, contrast.n_reference


def _says_more(label: Label, other: Label) -> bool:
    """Tell whether a label names all that another names, and something added: IFN + drug beside IFN, never non-tumour."""
    mine, theirs = set(words_of(label.text)), set(words_of(other.text))
    more = mine - theirs
    added = any(len(word) >= _WORD and not word.isdigit() for word in more)
    return theirs < mine and not other.reads_like_reference and added and not more & {"non", "not", "without"}


def _strata(
    grouping: Grouping, label: Label, references: Sequence[Label], role: StudyRole
) -> list[tuple[Comparison, ...]]:
    """Return the cells, times and doses that the group is spread over, each combination a part of its own.

    Of treated samples, other keys count too (genotype, stimulus) where the references have the same values.
    """
    samples = grouping.samples
    chosen = samples[_mask(samples, [label.selector(grouping.column)])]
    known = samples[np.logical_or.reduce([_mask(samples, [other.selector(grouping.column)]) for other in references])]
    columns: list[str] = []
    for name in group_columns(samples):
        own = {normalise(value) for value in chosen[name]}
        if name == grouping.column or not 1 < len(own) <= 6 or "" in own or _NO_STRATA.search(name):
            continue
        alike = (
            role == "inhibitor"
            and own <= {normalise(value) for value in known[name]}
            and not COVARIATE_NAMES.search(name)
        )
        if (_STRATA.search(name) or alike) and not any(one_to_one(samples, name, other) for other in columns):
            columns.append(name)
    values = [sorted({normalise(value) for value in chosen[name]}) for name in columns[:3]]
    return [
        tuple(Comparison(name, "=", (value,)) for name, value in zip(columns, combination, strict=False))
        for combination in product(*values)
    ]


def _compare(
    grouping: Grouping, label: Label, other: Label, stratum: tuple[Comparison, ...], role: StudyRole
) -> ProposedContrast | None:
    samples = grouping.samples
    target = [label.selector(grouping.column), *stratum]
    reference = [other.selector(grouping.column)]
    # Cells and times are asked of both groups. A dose only where the reference has one: a vehicle has none.
    reference += [
        part for part in stratum if not _DOSES.search(part.column) or _mask(samples, [*reference, part]).any()
    ]
    shared, traps = _shared_keys(samples, grouping.column, target, reference, role)
    if role == "inhibitor":
        shared += _shared_beginning(samples, [*target, *shared], [*reference, *shared])
    target += shared
    reference += shared
    in_target, in_reference = _mask(samples, target), _mask(samples, reference)
    sizes = int(in_target.sum()), int(in_reference.sum())
    if min(sizes) < 2:
        return None
    if min(sizes) < FEWEST:
        traps.append(f"{sizes[0]} against {sizes[1]} samples: fewer than {FEWEST} in a group are not testable")
    traps += _traps_of(samples, grouping.column, in_target, in_reference)
    pairing = find_pairs(samples, in_target, in_reference)
    covariates, found = _covariates(samples, in_target, in_reference, role, paired=pairing is not None)
    words = [
        ", ".join([text[:_LONGEST_LABEL], *(part.values[0] for part in stratum if part in parts)])
        for text, parts in ((label.text, target), (other.text, reference))
    ]
    evidence = [f"shared: {Selector(_all_of(shared))}"] if shared else []
    if pairing:
        evidence.append(
            f"pairs: {pairing.complete} of {pairing.units} values of {pairing.column} have samples in both groups"
        )
    return ProposedContrast(
        _all_of(target),
        _all_of(reference),
        words[0],
        words[1],
        *sizes,
        pairing,
        covariates,
        tuple(evidence),
        (*traps, *found),
    )


def _all_of(parts: Sequence[Comparison]) -> Node:
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _mask(samples: pd.DataFrame, parts: Sequence[Comparison]) -> NDArray[np.bool_]:
    return Selector(_all_of(parts)).matches(samples)


def _shared_keys(
    samples: pd.DataFrame, column: str, target: list[Comparison], reference: list[Comparison], role: StudyRole
) -> tuple[list[Comparison], list[str]]:
    """Return keys in which the target is constant and the reference is not, as long as two reference samples share them."""
    shared: list[Comparison] = []
    traps: list[str] = []
    taken = {part.column for part in target}
    chosen = samples[_mask(samples, target)]
    for name in group_columns(samples):
        values = {normalise(value) for value in chosen[name]}
        value = values.pop() if values else ""
        if name in taken or values or not value or one_to_one(samples, name, column):
            continue
        if COVARIATE_NAMES.search(name) or (role == "disease" and not _STRATA.search(name)):
            continue
        if any(one_to_one(samples, name, part.column) for part in shared):
            continue
        here = samples[_mask(samples, [*reference, *shared])]
        own = {normalise(cell) for cell in here[name]}
        condition = Comparison(name, "=", (value,))
        if value in own and len(own) > 1:
            if int((here[name].map(normalise) == value).sum()) >= 2:
                shared.append(condition)
            else:
                traps.append(f"one reference sample alone shares {condition}")
        elif value not in own and own - {""} and _PLACES.search(name):
            traps.append(f"no reference sample has {condition}: {name} cannot be told from the group")
    return shared, traps


def _shared_beginning(samples: pd.DataFrame, target: list[Comparison], reference: list[Comparison]) -> list[Comparison]:
    """Return the first word of the titles, where all of the target have it and some of the reference: one experiment of several."""
    if "title" not in samples:
        return []
    first = samples["title"].map(_first_word)
    left, right = Counter(first[_mask(samples, target)]), Counter(first[_mask(samples, reference)])
    if len(left) != 1 or not set(left) < set(right) or right[next(iter(left))] < 2:
        return []
    return [Comparison("title", "~", (f"^{re.escape(next(iter(left)))}[ _.-]",))]


def _first_word(text: object) -> str:
    return re.split(r"[ _.-]", str(text))[0]


# ------------------------------------------------------------------------------------------------------- design and traps


def _traps_of(samples: pd.DataFrame, column: str, target: NDArray[np.bool_], reference: NDArray[np.bool_]) -> list[str]:
    """Return what sets the groups apart besides their label: batches, cells, beginnings of the titles."""
    traps = []
    for name in group_columns(samples):
        if name == column or not (COVARIATE_NAMES.search(name) or _PLACES.search(name)):
            continue
        left, right = _known(samples[name][target]), _known(samples[name][reference])
        if left and right and not set(left) & set(right):
            traps.append(f"{name} and group are one: {_counted(left)} against {_counted(right)}")
    if "title" in samples:
        first = samples["title"].map(_first_word)
        left, right = Counter(first[target]), Counter(first[reference])
        if len(left) == 1 and set(left) < set(right):
            traps.append(
                f"titles of the reference begin in several ways ({_counted(right)}), those of the target in one "
                f"({_counted(left)}): perhaps several experiments"
            )
    if (
        "title" in samples
        and samples["title"][target | reference].map(lambda text: bool(_POOL.search(str(text)))).any()
    ):
        traps.append("titles speak of pools")
    return traps


def _known(values: Iterable[object]) -> Counter[str]:
    texts = [normalise(value) for value in values]
    return Counter(text for text in texts if text.lower() not in _UNKNOWN)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{value!r} × {count}" for value, count in counts.most_common(4))


def _covariates(
    samples: pd.DataFrame, target: NDArray[np.bool_], reference: NDArray[np.bool_], role: StudyRole, *, paired: bool
) -> tuple[tuple[str, ...], list[str]]:
    """Return columns that may enter the design, and why others do not."""
    chosen, traps, used = [], [], 2
    both = target | reference
    for name in map(str, samples.columns):
        if not COVARIATE_NAMES.search(name) or (role == "inhibitor" and "batch" not in name):
            continue
        values = samples[name][both].map(normalise)
        known = _known(values)
        missing = len(values) - known.total()
        if len(known) < 2:
            continue
        number = all(_NUMBER.fullmatch(value) for value in known) and len(known) > 2 and "batch" not in name
        left, right = set(_known(samples[name][target])), set(_known(samples[name][reference]))
        columns = 1 if number else len(known) - 1
        if paired and not _varies_within_pairs(name):
            traps.append(f"{name} is not proposed: the pairs hold it constant")
        elif missing:
            traps.append(f"{name} is missing in {missing} of {len(values)} samples and is not proposed")
        elif not number and left != right:
            if left & right:
                traps.append(f"{name} has values in one group only and is not proposed")
        elif len(values) < 5 * (used + columns):
            traps.append(
                f"{name} is not proposed: too few samples for {columns} more column{'s' * (columns > 1)} of the design"
            )
        else:
            used += columns
            chosen.append(f"number({name})" if number else f"factor({name})")
    return tuple(chosen), traps


def _varies_within_pairs(name: str) -> bool:
    return not re.search(r"(^|_)(age|sex|gender|race|ethnicity|bmi)(_|$)", name)
