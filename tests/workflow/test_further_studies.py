"""Two further studies, of other drugs, tissues and outcomes, from their folders alone to their verdicts.

They are configuration: sheets, and a file that says what their stand-ins hold. This shows the plumbing and the rules; it is no
evidence that a selector is right on the real records.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import REPOSITORY, run_once

from sidemine.simulate.standins import write_standins
from sidemine.tables import read_json

pytestmark = pytest.mark.workflow

FASTER = {"rotations": "999", "prerank_permutations": "100", "calibration_labelings": "0", "robustness": "off"}


@pytest.fixture(scope="session")
def run_of(workflow, tmp_path_factory):
    """A run of a study of `config/` on its stand-ins, with fewer rotations and no variants: these are tested elsewhere."""

    def find(name):
        def make(folder):
            (folder / "resources").symlink_to(REPOSITORY / "resources")
            config = folder / "config" / name / "config.yaml"
            shutil.copytree(REPOSITORY / "config" / name, config.parent)
            write_standins(config, folder / "mirror")
            settings = "".join(f"  {key}: {value}\n" for key, value in FASTER.items())
            text = config.read_text(encoding="utf-8")
            assert text.count("\nsettings:\n") == 1
            config.write_text(text.replace("\nsettings:\n", f"\nsettings:\n{settings}"), encoding="utf-8")
            target = f"results/{name}/verdicts.json"
            return workflow.run(folder, target, "--config", f"mirror={folder / 'mirror'}", config=config)

        return run_once(tmp_path_factory, name, make)

    return find


@pytest.fixture(params=["glucocorticoids", "tnf_inhibitors"])
def run(run_of, request):
    return run_of(request.param)


def test_every_group_is_found_and_nothing_real_was_locked(run):
    """Each selector meets the labels that are recorded of the real series, typed beside it in standins.yaml."""
    checked = read_json(run.results() / "design_check.json")
    assert {name: finding["problems"] for name, finding in checked.items() if not finding["testable"]} == {}
    assert all(
        row["simulated"] for row in read_json(run.results() / "inputs.json") if row["url"].startswith("https://")
    )
    assert list(Path(REPOSITORY / "config").glob("*/inputs.lock.tsv")) == []


def test_a_planted_drug_effect_is_found_in_three_tissues(run_of):
    """Glucocorticoids lower the genes in epithelium, blood and muscle; asthma does, too, but one cohort knows no ages."""
    verdicts = run_of("glucocorticoids").verdicts()
    assert verdicts["glucocorticoids_lower_isgs"]["verdict"] == "supported"
    assert verdicts["asthma_lacks_interferon"]["verdict"] == "suggestive"
    assert "composition" not in caps_of(verdicts["asthma_lacks_interferon"])
    assert -0.8 < verdicts["glucocorticoids_lower_isgs"]["pooled"]["effect"] < -0.3
    for control in ("interferon_raises_isgs", "glucocorticoids_act"):
        assert verdicts[control]["behaviour"] == "behaved as expected"


def test_a_null_is_not_taken_for_an_effect_where_cells_come_and_go(run_of):
    """TNF inhibitors change no such gene in any cell; in colon and skin T cells leave, in lupus monocytes come."""
    verdicts = run_of("tnf_inhibitors").verdicts()
    drug = verdicts["tnf_inhibitors_raise_isgs"]
    assert drug["verdict"] == "not supported"
    effects = {row["contrast"]: row["effect"] for row in drug["evidence"]}
    assert abs(effects["infliximab_blood"]) < 0.2
    assert max(effects["infliximab_mucosa"], effects["adalimumab_skin"]) < -0.2  # the cells that left
    lupus = verdicts["lupus_interferon"]
    assert lupus["verdict"] == "suggestive"
    assert "composition" in caps_of(lupus)
    for control in ("interferon_raises_isgs", "tnf_genes_fall"):
        assert verdicts[control]["behaviour"] == "behaved as expected"


def caps_of(verdict):
    return [cap["cap"] for cap in verdict["caps"]]
