"""The default study finds everything that it names in its stand-ins, whose labels were typed from what is recorded.

This shows the plumbing. It is no evidence that a selector is right on the real records. The whole study on stand-ins
takes about 90 s on two idle cores: README.md gives the command.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sidemine.prepare.sample_table import SAMPLES
from sidemine.simulate.standins import write_standins
from sidemine.study.load import load_study
from sidemine.tables import read_json, read_table

pytestmark = pytest.mark.workflow

CONFIG = Path(__file__).parents[2] / "config" / "config.yaml"


def test_default_study_finds_its_inputs_groups_and_sets_in_the_stand_ins(workflow, tmp_path):
    """Every file is retrieved, every selector of config/ finds a group that can be tested, every gene set keeps genes."""
    mirror = tmp_path / "standins"
    write_standins(CONFIG, mirror)
    wanted = [f"results/jak_stat_vte/{name}" for name in ("design_check.json", "gene_sets.tsv.gz", "inputs.json")]
    places = ("--config", f"mirror={mirror}", f"lock={tmp_path / 'inputs.lock.tsv'}")
    run = workflow.run(tmp_path, *wanted, *places, config=CONFIG)
    inputs = read_json(run.results() / "inputs.json")
    fetched = [row for row in inputs if row["url"].startswith("https://")]
    assert len(fetched) >= 12
    assert all(row["simulated"] for row in fetched)
    study = load_study(CONFIG, {"mirror": str(mirror)})
    samples = {name: read_table(run.results() / "datasets" / name / "samples.tsv", SAMPLES) for name in study.datasets}
    # Sizes as they were published: Mol Med Rep 2015;12:7358 and the records themselves.
    sizes = {"blood_gse19151": 133, "blood_gse48000": 132, "blood_gse145647": 28, "a375_gse42872": 6}
    assert {name: len(samples[name]) for name in sizes} == sizes
    checked = read_json(run.results() / "design_check.json")
    assert {name: finding["problems"] for name, finding in checked.items() if not finding["testable"]} == {}
    assert checked.keys() == study.contrasts.keys()
    assert not (CONFIG.parent / "inputs.lock.tsv").exists()  # simulated files never enter the lock of the real study
