"""Can each hypothesis be answered at all? References, roles, margins, required controls."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from sidemine.errors import Problem
from sidemine.study.check_panels import check_panel
from sidemine.study.hints import dangling
from sidemine.study.hypotheses import Hypothesis, MarginOfControl
from sidemine.study.rows import Contrast, Dataset, GeneSetRow
from sidemine.study.sheets import Sheet
from sidemine.text.repeats import repeated


def check_hypotheses(
    hypotheses: Sequence[Hypothesis],
    ids: Collection[str],
    where: str,
    contrasts: Sheet[Contrast],
    datasets: Sheet[Dataset],
    gene_sets: Sheet[GeneSetRow],
    opt_in: Sequence[str],
) -> list[Problem]:
    """Return what makes hypotheses unanswerable.

    Parameters
    ----------
    hypotheses
        Those that are right in themselves.
    ids
        Of all hypotheses.
    where
        The config file.
    contrasts, datasets, gene_sets
        The sheets that they refer to.
    opt_in
        Ids of opt-in sets that the user opted in to.
    """
    rows = {row.model.contrast: row.model for row in contrasts.rows}
    sets = {row.model.gene_set: row.model for row in gene_sets.rows}
    wells = {row.model.dataset for row in datasets.rows if row.model.replicates == "wells"}
    problems: list[Problem] = []
    for hypothesis in hypotheses:
        place = f"{where}, hypothesis {hypothesis.id}"
        problems += _check_contrasts(hypothesis, rows, contrasts.ids, place)
        problems += _check_discovery(hypothesis, rows, place)
        problems += _check_margin(hypothesis, rows, contrasts.ids, place)
        problems += _check_sets(hypothesis, sets, gene_sets.ids, opt_in, place)
        problems += _check_sign(hypothesis, place)
        problems += _check_score(hypothesis, place)
        problems += _check_role(hypothesis, place)
        problems += check_panel(hypothesis, rows, contrasts.ids, place)
        problems += _check_requires(hypothesis, {other.id: other for other in hypotheses}, ids, place)
    problems += _controls_of_wells(hypotheses, rows, wells, where)
    return [*problems, *_duplicates(hypotheses, where), *_cycles(hypotheses, where)]


def check_questions(hypotheses: Sequence[Hypothesis], where: str) -> list[Problem]:
    """Refuse a study of controls alone.

    Parameters
    ----------
    hypotheses
        All of the study.
    where
        The config file.
    """
    if not hypotheses or any(hypothesis.role == "question" for hypothesis in hypotheses):
        return []
    return [
        Problem(
            "every hypothesis is a control, so the study asks nothing",
            f"{where}, keys role of {', '.join(hypothesis.id for hypothesis in hypotheses)}",
            "at least one hypothesis of role question",
            "Take `role` away from the hypothesis that the study is about.",
        )
    ]


def _check_contrasts(
    hypothesis: Hypothesis, rows: Mapping[str, Contrast], ids: frozenset[str], place: str
) -> list[Problem]:
    where = f"{place}, key primary.contrasts"
    names = hypothesis.primary.contrasts
    problems = [dangling("contrast", name, ids, where) for name in dict.fromkeys(names) if name not in ids]
    twice = sorted(repeated(names))
    if twice:
        problems.append(
            Problem(f"contrast {', '.join(twice)} is listed twice", where, "each contrast once", "Delete one of them.")
        )
    known = [rows[name] for name in dict.fromkeys(names) if name in rows]
    if hypothesis.kind == "cohort":
        datasets = [row.dataset for row in known]
        problems += [
            Problem(
                f"a cohort hypothesis rests on contrast {row.contrast!r}, which compares no patients (role {row.role})",
                where,
                "contrasts of role disease",
                "Correct the contrast's role, or make the hypothesis kind: experiment.",
            )
            for row in known
            if row.role != "disease"
        ]
        problems += [
            Problem(
                f"{datasets.count(dataset)} contrasts come from one dataset {dataset!r}: they share samples, so none is a replication",
                f"{where}: {', '.join(row.contrast for row in known if row.dataset == dataset)}",
                "one contrast per dataset in a cohort hypothesis",
                "Keep the one that was meant to be primary; give the others an exploratory hypothesis of their own.",
            )
            for dataset in repeated(datasets)
        ]
    else:
        problems += [
            Problem(
                f"a hypothesis of kind {hypothesis.kind} rests on contrast {row.contrast!r}, which compares patients (role disease)",
                where,
                "contrasts of role inhibitor, stimulus or negative_control",
                "Correct the contrast's role, or make the hypothesis kind: cohort.",
            )
            for row in known
            if row.role == "disease"
        ]
    return problems


def _check_discovery(hypothesis: Hypothesis, rows: Mapping[str, Contrast], place: str) -> list[Problem]:
    where = f"{place}, key primary.discovery"
    declared = hypothesis.primary.discovery
    datasets = {rows[name].dataset for name in hypothesis.primary.contrasts if name in rows}
    problems = [dangling("dataset", name, frozenset(datasets), where) for name in declared if name not in datasets]
    if declared and not problems and datasets <= set(declared):
        problems.append(
            Problem(
                "every dataset of the hypothesis is declared as discovery, so nothing is left to replicate it",
                f"{where}: {', '.join(declared)}",
                "some, but not all, datasets of the hypothesis' contrasts",
                "Take the replication dataset out of the list.",
            )
        )
    return problems


def _check_margin(
    hypothesis: Hypothesis, rows: Mapping[str, Contrast], ids: frozenset[str], place: str
) -> list[Problem]:
    margin = hypothesis.primary.margin
    where = f"{place}, key primary.margin"
    if not isinstance(margin, MarginOfControl):
        if margin > 0:
            return []
        return [
            Problem(
                "the margin is not a positive number",
                f"{where}, value {margin}",
                "the smallest effect worth calling one, > 0, without sign",
                "Write it without sign; `direction` tells the side.",
            )
        ]
    problems: list[Problem] = []
    if hypothesis.kind == "cohort":
        problems.append(
            Problem(
                "a cohort hypothesis has a margin that is a fraction of a control's effect",
                where,
                "a number (Hedges g) for kind cohort; fraction and of_contrast for kind experiment",
                "Write a number, for example 0.4.",
            )
        )
    control = margin.of_contrast
    if control not in ids:
        problems.append(dangling("contrast", control, ids, f"{where}.of_contrast"))
    if control in hypothesis.primary.contrasts:
        problems.append(
            Problem(
                f"the margin's control {control!r} is among the contrasts that it judges",
                f"{where}.of_contrast",
                "a positive control that is not a primary contrast of this hypothesis",
                "Name another control, or give the margin as a number (log2 units).",
            )
        )
    elif control in rows and rows[control].role != "stimulus":
        problems.append(
            Problem(
                f"the margin's control {control!r} has role {rows[control].role}",
                f"{where}.of_contrast",
                "a positive control: a contrast of role stimulus",
                "Name a contrast in which the pathway was switched on.",
            )
        )
    return problems


def _check_sets(
    hypothesis: Hypothesis,
    sets: Mapping[str, GeneSetRow],
    ids: frozenset[str],
    opt_in: Sequence[str],
    place: str,
) -> list[Problem]:
    where = f"{place}, key primary.set"
    name = hypothesis.primary.set
    problems: list[Problem] = []
    if name not in ids:
        problems.append(dangling("gene set", name, ids, where))
    elif name in sets:
        row = sets[name]
        if row.family != "target":
            problems.append(
                Problem(
                    f"the primary set {name!r} is of family {row.family}",
                    where,
                    "a set of family target: genes that the pathway regulates. Members, confounders and comparators "
                    "are secondary",
                    "Choose a target set; list this one under secondary_sets.",
                )
            )
        if row.opt_in and name not in opt_in:
            problems.append(
                Problem(
                    f"the primary set {name!r} is used only when you opt in, and nobody has",
                    where,
                    "settings.opt_in lists the set",
                    f"Read its licence ({row.licence}); if you may use it, add {name} to settings.opt_in.",
                )
            )
    # Names that a library's `*` row will bring are known only after retrieval, and are checked there.
    if "*" not in ids:
        problems += [
            dangling("gene set", other, ids, f"{place}, key secondary_sets")
            for other in hypothesis.secondary_sets
            if other not in ids
        ]
    return problems


def _check_sign(hypothesis: Hypothesis, place: str) -> list[Problem]:
    direction, expected = hypothesis.primary.direction, hypothesis.expects_sign
    if direction == "either" or expected in {"none", direction}:
        return []
    return [
        Problem(
            f"the published study reported {expected}, and the hypothesis declares {direction}",
            f"{place}, keys expects_sign and primary.direction",
            "the same sign, or direction: either, or expects_sign: none",
            "Correct the one that is wrong. Both say target minus reference.",
        )
    ]


def _check_score(hypothesis: Hypothesis, place: str) -> list[Problem]:
    if hypothesis.kind == "cohort" or hypothesis.primary.score == "mean":
        return []
    return [
        Problem(
            "an experiment hypothesis declares a score of people",
            f"{place}, key primary.score, value {hypothesis.primary.score}",
            "score: mean (or no score) for kind experiment; mean or huber for kind cohort",
            "Delete `score`: an experiment has no score per person, its effect is the set's log2 fold change.",
        )
    ]


def _check_role(hypothesis: Hypothesis, place: str) -> list[Problem]:
    if hypothesis.role != "positive_control" or hypothesis.primary.direction != "either":
        return []
    return [
        Problem(
            "a positive control declares no direction",
            f"{place}, keys role and primary.direction",
            "a positive control with direction up or down: it must be able to fail",
            "Declare the direction in which the set must move.",
        )
    ]


def _check_requires(
    hypothesis: Hypothesis, by_id: Mapping[str, Hypothesis], ids: Collection[str], place: str
) -> list[Problem]:
    where = f"{place}, key requires"
    twice = sorted(repeated(hypothesis.requires))
    problems = [
        Problem(f"control {name} is required twice", where, "each control once", "Delete one of the entries.")
        for name in twice
    ]
    for name in hypothesis.requires:
        if name not in ids:
            problems.append(dangling("hypothesis", name, ids, where))
        elif name != hypothesis.id and name in by_id and by_id[name].role == "question":
            problems.append(
                Problem(
                    f"the required hypothesis {name!r} is a question, and a question has no expected answer",
                    where,
                    "hypotheses of role positive_control or negative_control",
                    f"Give {name} the role that it has in the study.",
                )
            )
    return problems


def _controls_of_wells(
    hypotheses: Sequence[Hypothesis], rows: Mapping[str, Contrast], wells: Collection[str], where: str
) -> Iterator[Problem]:
    """Yield one problem per required negative control that can never behave as expected, so that what requires it has no answer."""
    for control in hypotheses:
        asking = [other.id for other in hypotheses if control.id in other.requires]
        of_wells = [name for name in control.primary.contrasts if name in rows and rows[name].dataset in wells]
        if control.role != "negative_control" or not asking or not of_wells:
            continue
        yield Problem(
            f"the negative control {control.id} rests on wells of one culture, which exclude no effect, and {', '.join(asking)} "
            "requires it: there could be no answer",
            f"{where}, hypothesis {control.id}, key primary.contrasts: {', '.join(of_wells)} (replicates: wells)",
            "a required negative control of cultures or people, since it behaves as expected where an effect is excluded",
            "Take it out of `requires`, or rest it on contrasts of other datasets.",
        )


def _duplicates(hypotheses: Sequence[Hypothesis], where: str) -> Iterator[Problem]:
    """Yield one problem per hypothesis that asks what an earlier one asks."""
    asked: dict[tuple[str, frozenset[str], str, str], str] = {}
    for row in hypotheses:
        primary, of_panel = row.primary, row.compounds.asks if row.compounds else ""
        first = asked.setdefault((primary.set, frozenset(primary.contrasts), primary.direction, of_panel), row.id)
        if first != row.id:
            yield Problem(
                f"hypotheses {first} and {row.id} are one and the same: set, contrasts and direction",
                f"{where}, hypothesis {row.id}, key primary",
                "each question once: a second copy would be one more hypothesis in Holm's adjustment, or a control that "
                "repeats the question",
                "Delete one of them.",
            )


def _cycles(hypotheses: Sequence[Hypothesis], where: str) -> Iterator[Problem]:
    """Yield one problem per hypothesis that requires itself, directly or by way of others."""
    requires = {other.id: other.requires for other in hypotheses}
    reported: set[frozenset[str]] = set()
    for start in requires:
        path = _path_back(start, requires)
        if path and frozenset(path) not in reported:
            reported.add(frozenset(path))
            yield Problem(
                "hypotheses require each other in a circle: " + " → ".join([*path, path[0]]),
                f"{where}, key requires",
                "controls that do not depend on what they control",
                "Take one `requires` out of the circle.",
            )


def _path_back(start: str, requires: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the hypotheses on a way from `start` back to itself, or nothing."""
    stack: list[list[str]] = [[start]]
    seen: set[str] = set()
    while stack:
        path = stack.pop()
        for following in requires.get(path[-1], ()):
            if following == start:
                return path
            if following not in seen:
                seen.add(following)
                stack.append([*path, following])
    return []
