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
    sentences = [
        "The question is always: is the drug's transcriptional change similar to, opposite to, or unrelated to the "
        "difference between patients (after the event) and controls, on the genes that its target pathway regulates?",
        "This is association, never cause, and never a person's risk.",
        f"No cohort here is known to have users of {results.study.config.study.drug_class}. In disease cohorts, cases are sampled after the "
        "event, often on treatment for it (anticoagulants, for example), and are often older than controls.",
        "“Interferon-stimulated genes are lower” is not “antiviral defence is off”.",
        "p > 0.05 is never “no effect”: each card says which effect the data could have excluded.",
        "Every signed number is target minus reference: positive means higher in the target group.",
        "Nothing here is medical advice; nobody should start or stop a medicine because of it.",
    ]
    content = Guide(sentences, (*Verdict, *Behaviour))
    return Section("guide", "How to read this page", content=content, template="guide.html.j2")
