"""The glossary of the page: every technical term has one definition here, and is one tap away wherever it first stands in a section.

`linked` walks over the finished HTML and makes a button of the first place of each term within each section and card. The button opens the definition, an element of the Popover API: no script, the keyboard works, Escape closes it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sidemine.drawing.words import RIGHT_TO_LEFT, unbroken


@dataclass(frozen=True)
class Term:
    """A technical term.

    Attributes
    ----------
    name, meaning
        As the glossary lists it, and what it means in plain words.
    pattern
        Regular expression of its forms on the page.
    """

    name: str
    meaning: str
    pattern: str

    @property
    def id(self) -> str:
        """Id of its definition."""
        return "term-" + re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


GLOSSARY: tuple[Term, ...] = (
    Term("95 % CI", "95 % confidence interval: a range made in such a way that 95 of 100 of them hold the true effect.", r"95 % (?:CI|confidence intervals?|intervals?)"),
    Term("adjusted for the mix of cells", "The effect at an equal mix of cells: how much of each cell there is, is read from marker genes and taken out by regression.", r"[Aa]djust(?:ed|ing) for the mix of cells"),
    Term("arm", "One dose, time or compound of an experiment against its untreated reference.", r"\barms?\b"),
    Term("calibration", "Whether a test of level 5 % really calls no more than 5 of 100 differences where there are none.", r"\b[Cc]alibrat(?:ion|ed)\b"),
    Term("CAMERA", "A test of whether a set of genes changed more than the other measured genes, which allows for genes that move together.", r"\bCAMERA\b"),
    Term("certainty", "GRADE's four levels: how likely it is that further data change the answer as it stands, be it a change or an exclusion. ⊕⊕⊕⊕ high, ⊕⊕⊕◯ moderate, ⊕⊕◯◯ low, ⊕◯◯◯ very low.", r"\b[Cc]ertainty\b"),
    Term("common effect", "Pooling as if one true effect stood behind all data sets: each weighs by its precision.", r"\b[Cc]ommon effect\b"),
    Term("comparator sets", "Other sets of genes of this study, with which the set that was tested is compared.", r"\b[Cc]omparator sets?\b"),
    Term("competitive test", "Asks whether the genes of a set changed more than other genes did.", r"\b[Cc]ompetitive\b"),
    Term("Cramér’s V", "How strongly two groupings go together: 0 not at all, 1 completely.", r"Cramér(?:[’']|&#39;)s V"),
    Term("FRY", "A test of whether the genes of a set changed at all, by rotating the differences between samples.", r"\bFRY\b"),
    Term("gate", "A condition that an answer must meet to be called supported.", r"\b[Gg]ates?\b"),
    Term("GSEA", "Gene set enrichment analysis: whether a set's genes gather at one end of the list of all genes.", r"\bGSEA\b"),
    Term("Hartung–Knapp", "Limits of a pooled effect that allow for data sets that really differ.", r"Hartung–Knapp"),
    Term("Hedges g", "A difference between groups in standard deviations between people, corrected for small groups.", r"Hedges g"),
    Term("heterogeneity (Q, I², τ²)", "Whether data sets differ more than chance explains: Q tests it, I² is the share of the spread that is no chance, τ² is its size.", r"\b[Hh]eterogeneity\b|I²|τ²"),
    Term("hidden factors", "Patterns that run through many genes and that no record explains, such as the quality of the RNA.", r"\b[Hh]idden factors?\b"),
    Term("Holm", "A correction of p for the number of questions that the study asks.", r"\bHolm(?:(?:['’]|&#39;)s)?\b"),
    Term("leading edge", "The genes of a set that carry its rank plot: those up to the peak of the running sum.", r"\b[Ll]eading edge\b"),
    Term("log2", "A scale of doublings: 1 log2 unit is twofold, 2 are fourfold, −1 is half.", r"\blog2\b"),
    Term("margin", "The smallest effect that the study calls worth having, declared before any result was seen: as a number, or as a share of what a positive control shows. So it may differ from question to question.", r"\b[Mm]argin\b"),
    Term("negative control", "A comparison in which the genes must not move.", r"\b[Nn](?:egative|ull) control\b"),
    Term("p", "How often chance alone gives a difference at least as large. Small p: hard to explain by chance; large p: no proof of no effect.", r"\bp(?:-values?)?(?= [=<≤≥]| at most|,|-values?\b)"),
    Term("partial conjunction", "Of how many lines or compounds it is shown that they have the effect, not just of one of them.", r"\b[Pp]artial conjunction\b"),
    Term("percentile", "The place among others: at the 90th, 90 of 100 are smaller.", r"\b[Pp]ercentile\b"),
    Term("planted nulls", "Simulated data without a difference: a test of level 5 % should call 5 of 100.", r"\b[Pp]lanted nulls?\b"),
    Term("pooled", "Put together over data sets, each weighing by its precision.", r"\b[Pp]ooled\b"),
    Term("positive control", "A comparison in which the genes are known to move; if they do not, the data cannot show anything.", r"\b[Pp]ositive control\b"),
    Term("prediction interval", "Where the effect of one further data set would fall.", r"\b[Pp]rediction intervals?\b"),
    Term("principal components", "The directions in which samples differ most over all genes.", r"\b[Pp]rincipal components?\b"),
    Term("pseudobulk", "The cells of one sample added up, so that a sample counts once and not each cell.", r"\b[Pp]seudobulk\b"),
    Term("q", "p corrected for the number of genes or sets tested (Benjamini–Hochberg): of all with q below 0.05, about 5 % are false.", r"\bq(?= [=<≤≥]| at most|:)"),
    Term("rank-biserial r", "How often a value of one group exceeds one of the other: 0 as often as not, 1 always.", r"rank-biserial r"),
    Term("residual degrees of freedom", "How many samples are left to measure chance with, after the model took its share.", r"\b[Rr]esidual (?:degrees of freedom|df)\b"),
    Term("robustness", "Whether the answer stays when one decision of the analysis is changed at a time.", r"\b[Rr]obustness\b|\b[Vv]ariants\b"),
    Term("rotation", "A way of making chance data that keeps how genes move together.", r"\b[Rr]otations?\b"),
    Term("SD", "Standard deviation: how far people of one group typically lie from their mean. Between-person: within each group, before any adjustment.", r"\b(?:between-person )?SD\b"),
    Term("self-contained test", "Asks whether the genes of a set changed at all, whatever other genes did.", r"\b[Ss]elf-contained\b"),
    Term("Stouffer’s z", "A way of adding up evidence over data sets, each by its own z.", r"Stouffer(?:[’']|&#39;)s z"),
    Term("target minus reference", "How every signed number is meant: positive is higher in the target group (patients, treated samples).", r"\btarget minus reference\b|\bTarget − reference\b"),
    Term("vehicle", "What a drug is dissolved in; samples that were given it alone are the reference.", r"\b[Vv]ehicle\b"),
    Term("volcano plot", "Each gene as a point: the size of its change across, and how sure it is upwards.", r"\b[Vv]olcano\b"),
    Term("z", "An effect divided by its standard error: how many times larger it is than chance typically makes it.", r"\bz(?= (?:[=<>≤≥]|&[gl]t;))"),
)  # fmt: skip
"""In the order of the alphabet."""

_TERMS = "|".join(f"(?P<t{place}>{term.pattern})" for place, term in enumerate(GLOSSARY))
_ANY = re.compile(rf"\(?\b(?:{_TERMS})[.,;:)]*")
"""A term with the marks that touch it: a line never ends between a button and what stands outside it without a blank.

Terms begin words: they are looked for there alone, which halves the time."""
_TAG = re.compile(r"(<!--.*?-->|<[^>]*>)", re.DOTALL)
_NAME = re.compile(r"</?([a-zA-Z0-9]+)")
_FIGURE_BESIDE = re.compile(
    r"(?P<before>\(?[−+]?\d[\d.,]*\xa0)?<button[^>]*>[^<]*</button>(?P<behind>\xa0(?:[=≤≥]|&lt;)\xa0[−\d][\d.,]*(?:\xa0×\xa010[⁻⁰-⁹¹²³]+)?[.,;:)]*)?"
)
"""A button of a term with the number that belongs to it: a browser may end a line beside a button, whatever blank stands there."""
_FROM_RIGHT_IN_QUOTES = re.compile(f"“([^“”]*[{RIGHT_TO_LEFT}][^“”]*)”")
"""A name in a sentence that is read from right to left: set apart, so that a number beside it keeps its place."""
_CLOSED = frozenset(
    [
        "a",
        "button",
        "select",
        "option",
        "label",
        "summary",
        "code",
        "pre",
        "script",
        "style",
        "svg",
        "title",
        "h1",
        "h2",
        "h3",
        "textarea",
        "noscript",
        "sup",
    ]
)
"""Elements whose text keeps its terms as they are: a button may not stand in them, or their text is a name or an address."""
_VERBATIM = frozenset({"code", "pre", "script", "style", "svg", "title", "textarea"})
"""Those of them whose blanks stay as they are."""
_SCOPES = frozenset({"section", "article"})
"""Within each of these that has an id, a term is a button where it first stands."""


def linked(html: str) -> Markup:
    """Return the HTML of the page's body with the first place of each term per section as a button, and no line end before a unit.

    Parameters
    ----------
    html
        Finished HTML, whose texts are escaped: a `<` begins a tag.
    """
    told: list[set[int]] = [set()]
    closed = 0
    verbatim = 0
    plain: set[str] = set()
    parts = _TAG.split(html)
    for place, part in enumerate(parts):
        if place % 2:
            name = found[1].lower() if (found := _NAME.match(part)) else ""
            step = -1 if part.startswith("</") else 1
            if name in _CLOSED:
                closed += step
                verbatim += step * (name in _VERBATIM)
            elif name in _SCOPES and step > 0:
                told.append(set() if " id=" in part else told[-1])
            elif name in _SCOPES:
                told.pop()
        elif not closed and part not in plain:
            # Most texts hold no term, and many stand there more than once: one search is enough for them.
            whole = _FROM_RIGHT_IN_QUOTES.sub(r"“<bdi>\1</bdi>”", part) if "“" in part else part
            if part.lower() != part.upper():  # a term has letters; most cells of tables have none
                whole = _ANY.sub(lambda match: _button(match, told[-1]), whole)
            whole = unbroken(whole)
            if "<button" in whole:
                whole = _FIGURE_BESIDE.sub(_kept_whole, whole)
            if whole == part:
                plain.add(part)
            parts[place] = whole
        elif closed and not verbatim:
            parts[place] = unbroken(part)
    return Markup("".join(parts))  # noqa: S704 - HTML came in, and only buttons of this file were added


def unbroken_html(html: str) -> str:
    """Return HTML in whose texts no line ends within a figure."""
    parts = _TAG.split(html)
    verbatim = 0
    for place, part in enumerate(parts):
        if place % 2:
            name = found[1].lower() if (found := _NAME.match(part)) else ""
            verbatim += (name in _VERBATIM) * (-1 if part.startswith("</") else 1)
        elif not verbatim:
            parts[place] = unbroken(part)
    return "".join(parts)


def _kept_whole(match: re.Match[str]) -> str:
    return f'<span class="whole">{match[0]}</span>' if match["before"] or match["behind"] else match[0]


def _button(match: re.Match[str], told: set[int]) -> str:
    place = int((match.lastgroup or "t0")[1:])  # the one named group that matched
    if place in told:
        return match[0]
    told.add(place)
    return f'<button type="button" class="term" popovertarget="{GLOSSARY[place].id}">{match[0]}</button>'


def used_terms(html: str) -> Sequence[Term]:
    """Return the terms that stand as buttons in `html`, in the order of the glossary."""
    return [term for term in GLOSSARY if f'popovertarget="{term.id}"' in html]


def definitions(html: str) -> Markup:
    """Return the definitions that the buttons of `html` open, and the list of them all."""
    terms = used_terms(html)
    popovers = Markup("\n").join(
        Markup('<div popover id="{}" class="definition"><strong>{}</strong> {}</div>').format(term.id, term.name, term.meaning)
        for term in terms
    )  # fmt: skip
    rows = Markup("\n").join(Markup("<dt>{}</dt><dd>{}</dd>").format(term.name, term.meaning) for term in terms)
    return Markup(
        '<section id="glossary" class="panel" aria-labelledby="glossary-title"><h2 id="glossary-title">Glossary</h2>'
        '<details class="fold"><summary>{} terms of this page</summary><dl class="plain-list glossary">{}</dl></details></section>{}'
    ).format(len(terms), rows, popovers)
