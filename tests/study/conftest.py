"""A minimal valid study that the tests break by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

CONFIG = """\
study:
  id: small
  title: A small study
  question: Are the genes altered in the disease?
  drug_class: inhibitors
  outcome: disease
gene_table:
  file: genes.tsv
  format: ensembl
  licence: CC0
  version: "1"
hypotheses:
  - id: cohorts
    question: Are the genes altered in patients?
    kind: cohort
    primary:
      set: TARGETS
      contrasts: [sick_a, sick_b]
      direction: up
    expects_sign: up
    secondary_sets: [MEMBERS]
  - id: drug
    question: Does the inhibitor lower the genes?
    kind: experiment
    primary:
      set: TARGETS
      contrasts: [inhibited]
      direction: down
      margin: {fraction: 0.2, of_contrast: stimulated}
    requires: [control]
  - id: control
    question: Does the stimulus raise the genes?
    kind: experiment
    role: positive_control
    primary:
      set: TARGETS
      contrasts: [stimulated]
      direction: up
"""

DATASETS = """\
# a comment
dataset\taccession\tplatform\tlayout\tfile\tidentifiers\tscale\ttissue\tlicence
cohort_a\tGSE1\tGPL571\tseries_matrix\t\tprobe\tlog2\tblood\tGEO terms
cohort_b\tGSE2\tGPL570\tseries_matrix\t\tprobe\tlog2\tblood\tGEO terms
cells\tGSE3\t\ttable\tcounts.tsv\tsymbol\tcounts\tcells\tGEO terms
"""

CONTRASTS = """\
contrast\tdataset\trole\ttarget\treference\ttarget_label\treference_label\tcovariates\tblock\tblocking
sick_a\tcohort_a\tdisease\tgroup = sick\tgroup = healthy\tpatients\thealthy\tage,sex\t\t
sick_b\tcohort_b\tdisease\tgroup = "very sick"\tgroup = healthy\tpatients\thealthy\t\t\t
inhibited\tcells\tinhibitor\tdrug = yes and stim = yes\tdrug = no and stim = yes\tdrug\tno drug\t\t\t
stimulated\tcells\tstimulus\tdrug = no and stim = yes\tstim = no\tstimulus\tnone\t\tplate\tfixed
"""

GENE_SETS = """\
gene_set\tfamily\tsource\tformat\tmember\tlicence\tversion\topt_in
TARGETS\ttarget\tsets.gmt\tgmt\tTARGETS\tCC0\t1\t
MEMBERS\tmember\tsets.gmt\tgmt\tMEMBERS\tCC0\t1\t
CLOSED\ttarget\tsets.gmt\tgmt\tCLOSED\trestricted\t1\tyes
"""


class SmallStudy:
    """The files of the small study; `edit` replaces text that must occur."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        for name, text in (
            ("config.yaml", CONFIG),
            ("datasets.tsv", DATASETS),
            ("contrasts.tsv", CONTRASTS),
            ("gene_sets.tsv", GENE_SETS),
        ):
            (folder / name).write_text(text, encoding="utf-8")
        for name in ("genes.tsv", "sets.gmt", "counts.tsv"):
            (folder / name).touch()

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    """A fresh copy of the small study."""
    return SmallStudy(tmp_path)


@pytest.fixture
def told(small: SmallStudy) -> Callable[[], str]:
    """Load the small study and return the message of its refusal."""
    from sidemine.errors import StudyError
    from sidemine.study.load import load_study

    def refusal() -> str:
        with pytest.raises(StudyError, match="next:") as caught:
            load_study(small.config)
        assert all(one.what and one.where and one.allowed and one.next_step for one in caught.value.problems)
        return str(caught.value)

    return refusal
