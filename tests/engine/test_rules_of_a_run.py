"""What the rules ask of the package: the files that a run must make, and what a job asks of the machine."""

from __future__ import annotations

from sidemine.engine.final_files import final_files
from sidemine.engine.limits import get_limit


def test_a_run_is_asked_for_all_files_of_all_jobs():
    """A file that nobody asks for could be missing, and what was computed of its predecessor would stay."""
    outputs = {
        "read_samples": ["r/{dataset}/samples.tsv", "r/provenance/{dataset}.json"],
        "adjust_set_tests": ["r/enrichment.tsv"],
        "analyse_dataset_a": ["r/a/fit.npz"],
        "analyse_dataset_b": ["r/b/fit.npz"],
    }
    jobs = {
        "retrieve_input": ["x.gz"],
        "read_samples": ["a", "b"],
        "adjust_set_tests": [""],
        "analyse_dataset": ["a", "b"],
    }
    assert final_files(jobs, outputs.__getitem__, ["x.gz"]) == [
        "<results>/report.html",
        "<results>/run.json",
        "<downloads>/x.gz.record.json",
        "r/a/samples.tsv",
        "r/b/samples.tsv",
        "r/provenance/a.json",
        "r/provenance/b.json",
        "r/enrichment.tsv",
        "r/a/fit.npz",
        "r/b/fit.npz",
    ]


def test_a_job_asks_for_more_with_its_inputs_and_whenever_it_is_tried_again(tmp_path):
    """A base, so much per MB, never more than the most at the first try; a file that is not there yet counts nothing."""
    file = tmp_path / "values"
    file.write_bytes(bytes(3_000_000))
    inputs = [str(file), str(tmp_path / "later")]
    assert get_limit(1000)("", inputs, 1) == 1000
    assert get_limit(1000, 20)("", inputs, 1) == 1060
    assert get_limit(1000, 20)("", inputs, 3) == 3180
    assert get_limit(1000, 20, most=1010)("", inputs, 2) == 2020
