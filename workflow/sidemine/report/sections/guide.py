"""How to read the page: what it may and may not be taken to say, and the closed vocabulary of verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sidemine.report.collect import StudyResults
from sidemine.report.section import Section
from sidemine.verdict.vocabulary import Behaviour, Verdict


@dataclass(frozen=True)
class Guide:
    """Sentences, and the verdicts and what a control may do, with their marks and meanings, in order."""

    sentences: Sequence[str]
    verdicts: Sequence[Verdict | Behaviour]


def guide_section(results: StudyResults) -> Section:
    """Return the guide; fixed wording, the study's own names filled in."""
    bridges = [
        "Where a perturbation meets a disease, the question is: is its transcriptional change similar to, opposite to, or unrelated "
        "to the difference between patients and controls?"
    ]
    sentences = [
        *(bridges if results.study.config.concordance else []),
        "This is association, never cause, and never a person's risk.",
        "Cases of a cohort are sampled after they fell ill, often under treatment, and may be older than controls.",
        "Fewer transcripts of a pathway are not a lost function.",
        "p > 0.05 is never “no effect”: each card says which effect the data could have excluded.",
        "Every signed number is the first named group (the target: patients, treated samples) minus the second (the reference): positive means higher in the first.",
        "A word with dots under it opens what it means; the glossary at the end has all of them.",
        "Nothing here is medical advice; nobody should start or stop a medicine because of it.",
    ]
    content = Guide(sentences, (*Verdict, *Behaviour))
    return Section("guide", "How to read this page", content=content, template="guide.html.j2")
