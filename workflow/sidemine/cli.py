"""The command `sidemine`: one sub-command per job that a user does outside the workflow.

To add one, write `add_<name>(commands)`, which declares the arguments and sets `run` to a function that takes the
parsed arguments and returns an exit code, and put it into `_COMMANDS`. Import heavy modules inside `run`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine import __version__
from sidemine.errors import InputError, Problem, RetrievalError, SidemineError, visible
from sidemine.system_errors import explain_system_error

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def _add_study(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", type=Path, metavar="STUDY", help="folder of config.yaml, or the file itself")


def _add_mirror(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mirror", type=Path, help="folder that serves https://HOST/PATH from DIR/HOST/PATH")


def _add_allow(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--allow",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="a folder outside the study that it may read or write (repeatable): only for a study whose author you know",
    )


def _tell(lines: Iterable[str]) -> None:
    """Write lines to standard output, at once: whoever waits for a long command sees how far it is."""
    sys.stdout.write(visible("\n".join(lines)) + "\n")
    sys.stdout.flush()


def add_inspect(commands: Commands) -> None:
    """Declare `sidemine inspect`."""
    parser = commands.add_parser(
        "inspect",
        help="show what a GEO series or a file holds: platforms, files, metadata keys with values and counts",
        description="Show platforms, files, and every metadata key with its values and counts, so that a selector can "
        "be written. SOURCE is a GEO series (GSE48000), its archive (GSE161664_RAW.tar), or a file: series matrix, SOFT, "
        "MINiML, table, spreadsheet, h5ad, 10x .h5, tar or zip; or a folder of 10x output or of one file per sample.",
    )
    parser.add_argument("source", metavar="SOURCE", help="GEO series, or path of a file")
    parser.add_argument("--platform", default="", help="GEO platform (GPL…), for a series with several")
    _add_mirror(parser)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the retrieved file below this folder")
    parser.add_argument("--top", type=int, default=12, metavar="N", help="most values listed per key (default 12)")
    parser.set_defaults(run=_run_inspect)


def _run_inspect(arguments: argparse.Namespace) -> int:
    from sidemine.prepare.inspection import inspect_accession, inspect_address, inspect_file
    from sidemine.prepare.inspection_text import inspection_lines
    from sidemine.sources.geo_addresses import raw_archive_url

    path = Path(arguments.source)
    if path.exists():
        inspections = [inspect_file(path)]
    elif not arguments.source.upper().startswith("GSE"):
        raise InputError(
            Problem(
                "there is neither such a series nor a file",
                arguments.source,
                "a GEO series (GSE and digits), or the path of a file or folder",
                "Check the accession or the path.",
            )
        )
    elif arguments.source.endswith("_RAW.tar"):
        accession = arguments.source.upper().removesuffix("_RAW.TAR")
        url = raw_archive_url(accession)
        inspections = [inspect_address(url, f"archive of {accession}", arguments.mirror, arguments.keep)]
    else:
        inspections = inspect_accession(arguments.source.upper(), arguments.platform, arguments.mirror, arguments.keep)
    for number, inspection in enumerate(inspections):
        _tell([*([""] if number else []), *inspection_lines(inspection, arguments.top)])
    return 0


def add_find(commands: Commands) -> None:
    """Declare `sidemine find`."""
    parser = commands.add_parser(
        "find",
        help="look for human series in GEO by words: samples, platform, type, files",
        description="Ask NCBI's E-utilities for human series of GEO whose records hold the WORDS, and list them in NCBI's order. "
        "A list to read, not a choice: whether a series fits is seen with `sidemine inspect`.",
    )
    parser.add_argument("words", metavar="WORDS", help='for example "venous thromboembolism blood"')
    parser.add_argument(
        "--most", type=int, default=20, metavar="N", help="most series that are listed (default 20, at most 200)"
    )
    parser.set_defaults(run=_run_find)


def _run_find(arguments: argparse.Namespace) -> int:
    from sidemine.scaffold.series_search import find_series, found_lines

    found = find_series(arguments.words, arguments.most)
    _tell(found_lines(found))
    return 0


def add_new(commands: Commands) -> None:
    """Declare `sidemine new`."""
    parser = commands.add_parser(
        "new",
        help="write a study folder from accessions: data sets, comparisons, pairs and gene sets, each a proposal",
        description="Look into GEO series and write a study folder that passes `sidemine check`. What is not in the record is "
        "left to you; what is guessed is marked unverified, with its evidence. An existing folder is never touched.",
    )
    parser.add_argument("study", type=Path, metavar="STUDY", help="folder to make; its name is the id of the study")
    parser.add_argument(
        "--disease", nargs="+", default=[], metavar="GSE", help="series of patients (GSE…, or GSE…-GPL…)"
    )
    parser.add_argument("--drug", nargs="+", default=[], metavar="GSE", help="series of the drug (GSE…, or GSE…-GPL…)")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="NAME", help="primary gene sets: HALLMARK_…, CORE_…, or FILE.gmt:NAME"
    )
    _add_mirror(parser)
    parser.add_argument(
        "--gene-table",
        type=Path,
        metavar="FILE",
        help="table of genes (columns ensgene, entrez, symbol) in place of HGNC's",
    )
    parser.set_defaults(run=_run_new)


def _run_new(arguments: argparse.Namespace) -> int:
    from sidemine.scaffold.new_study import StudyRequest, new_study

    request = StudyRequest(
        arguments.study,
        tuple(arguments.disease),
        tuple(arguments.drug),
        tuple(arguments.set),
        arguments.mirror,
        arguments.gene_table,
    )
    _tell(new_study(request))
    return 0


def add_run(commands: Commands) -> None:
    """Declare `sidemine run`."""
    parser = commands.add_parser(
        "run",
        help="check a study folder and run it",
        description="Check that STUDY is a folder of data that names nothing outside it, and start Snakemake on it. Options "
        "that are not named here go to Snakemake (-n shows what would run). Without --cores all are used.",
        usage="sidemine run STUDY [--allow DIR] [options of Snakemake]",
        allow_abbrev=False,
    )
    _add_study(parser)
    _add_allow(parser)
    parser.set_defaults(run=_run_study, takes_more=True)


def _run_study(arguments: argparse.Namespace) -> int:
    from sidemine.run_study import run_study

    return run_study(arguments.study, arguments.more, allowed=arguments.allow)


def add_demo(commands: Commands) -> None:
    """Declare `sidemine demo`."""
    parser = commands.add_parser(
        "demo",
        help="simulate a whole study in this folder and run it",
        description="Write the demo's study to config/demo and its simulated files to demo_data, below the working directory "
        "(what is there is left as it is), and run it. Options go to Snakemake. Without --cores all are used.",
        usage="sidemine demo [options of Snakemake]",
        allow_abbrev=False,
    )
    parser.set_defaults(run=_run_demo, takes_more=True)


def _run_demo(arguments: argparse.Namespace) -> int:
    from sidemine.run_study import run_study
    from sidemine.simulate.demo_folder import lay_out_demo

    return run_study(lay_out_demo(Path()), arguments.more)


def add_preflight(commands: Commands) -> None:
    """Declare `sidemine preflight`."""
    parser = commands.add_parser(
        "preflight",
        help="tell within a minute what a run of a study would meet",
        description="Ask for every input (does it exist, how large is it), read the samples' metadata from the beginnings of the "
        "files, and tell what each selector would choose. Nothing is kept. Exit code 1 when something would stop a run or "
        "make a contrast untestable.",
    )
    _add_study(parser)
    _add_mirror(parser)
    _add_allow(parser)
    parser.set_defaults(run=_run_preflight)


def _run_preflight(arguments: argparse.Namespace) -> int:
    import logging

    from sidemine.preflight.look_ahead import look_ahead
    from sidemine.preflight.text import ahead_lines, is_fine
    from sidemine.preflight.time_budget import TimeBudget
    from sidemine.run_study import load_checked

    logging.getLogger("sidemine").setLevel(logging.ERROR)  # all that readers warn of stands in the text
    overrides = {"mirror": str(arguments.mirror.resolve())} if arguments.mirror else {}
    ahead = look_ahead(load_checked(arguments.study, allowed=arguments.allow, overrides=overrides), TimeBudget())
    _tell(ahead_lines(ahead))
    return 0 if is_fine(ahead) else 1


def add_fetch(commands: Commands) -> None:
    """Declare `sidemine fetch`."""
    parser = commands.add_parser(
        "fetch",
        help="bring all that a study fetches into a folder, for a run without network",
        description="Fetch every input of STUDY that has an address into the folder DIR, check each as a run does, and keep its "
        "record beside it. Give the same command again to go on: what is whole stays. A run with --config mirror=DIR then "
        "needs no network, on this or on another machine.",
    )
    _add_study(parser)
    parser.add_argument("--to", type=Path, metavar="DIR", required=True, help="folder to fill")
    _add_allow(parser)
    parser.set_defaults(run=_run_fetch)


def _run_fetch(arguments: argparse.Namespace) -> int:
    from sidemine.fetch_study import fetch_study
    from sidemine.run_study import load_checked

    # The mirror that config.yaml names may be the folder to fill, so it is made before it is looked for.
    arguments.to.mkdir(parents=True, exist_ok=True)
    study = load_checked(arguments.study, allowed=[*arguments.allow, arguments.to])

    problems = fetch_study(study, arguments.to, lambda line: _tell([line]))
    if problems:
        raise RetrievalError(problems)
    return 0


def add_report(commands: Commands) -> None:
    """Declare `sidemine report`."""
    parser = commands.add_parser(
        "report",
        help="build the page again from a folder of results, or one index page of several studies",
        description="Build report.html from results alone, for example after the folder was moved. The page has the same "
        "bytes as the workflow's. Of several folders, write one index page instead: every question with its answer in each "
        "study, and a link to each study's page, which stays as it is.",
    )
    parser.add_argument(
        "results", type=Path, nargs="+", metavar="RESULTS", help="results folder of a study (results/demo)"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="page to write, or a folder for it, which ends in / (default: RESULTS/report.html; of several studies index.html "
        "in the folder that holds them all)",
    )
    parser.set_defaults(run=_run_report)


def _run_report(arguments: argparse.Namespace) -> int:
    folders: list[Path] = arguments.results
    if len(folders) > 1:
        from sidemine.report.index_page import build_index, default_place

        output = _page_at(arguments.output, default_place(folders))
        build_index(folders, output)
    else:
        from sidemine.provenance import check_results
        from sidemine.report.collect import refuse_other_rules
        from sidemine.report.page import build_report

        refuse_other_rules(folders[0])
        check_results(folders[0])
        output = _page_at(arguments.output, folders[0] / "report.html")
        build_report(folders[0], output)
    sys.stdout.write(f"{output}\n")
    return 0


def _page_at(output: str | None, default: Path) -> Path:
    """Return where a page goes: a folder, there already or with a slash behind its name, takes it under its usual name."""
    if not output:
        return default
    is_folder = output.endswith(("/", os.sep)) or Path(output).is_dir()
    return Path(output) / default.name if is_folder else Path(output)


def add_atlas(commands: Commands) -> None:
    """Declare `sidemine atlas`."""
    parser = commands.add_parser(
        "atlas",
        help="many finished studies as one index: target pathways × effects, a global test first",
        description="Run an atlas: DIR is a folder with atlas.yaml. Of results folders of finished studies, propose one first, "
        "from what their bridges declare. Other options go to Snakemake. Without --cores all are used.",
        usage="sidemine atlas DIR [DIR …] [--to FOLDER] [--freeze | --score LABELS] [options of Snakemake]",
        allow_abbrev=False,
    )
    parser.add_argument(
        "folders", type=Path, nargs="+", metavar="DIR", help="atlas folder, or results folders of studies"
    )
    parser.add_argument(
        "--to", type=Path, default=Path("atlas"), metavar="FOLDER", help="atlas folder to propose (default: atlas)"
    )
    blind = parser.add_mutually_exclusive_group()
    blind.add_argument("--freeze", action="store_true", help="blind benchmark: freeze the calls of a finished atlas")
    blind.add_argument("--score", type=Path, metavar="LABELS", help="blind benchmark: score frozen calls by labels")
    parser.set_defaults(run=_run_atlas, takes_more=True)


def _run_atlas(arguments: argparse.Namespace) -> int:
    if arguments.freeze or arguments.score:
        from datetime import UTC, datetime

        from sidemine.atlas.blind import freeze_calls, score_calls, score_lines
        from sidemine.atlas.config import load_atlas

        if further := [*map(str, arguments.folders[1:]), *arguments.more]:
            problem = Problem(
                f"one atlas is frozen or scored at a time: {' '.join(further)} is too much",
                "sidemine atlas",
                "sidemine atlas DIR --freeze; sidemine atlas DIR --score LABELS",
                "Leave the rest out.",
            )
            raise InputError(problem)
        atlas = load_atlas(arguments.folders[0])
        if arguments.freeze:
            sys.stdout.write(f"{freeze_calls(atlas, datetime.now(UTC).date())}\n")
        else:
            _tell(score_lines(score_calls(atlas, arguments.score)))
        return 0
    from sidemine.atlas.run import run_atlas

    return run_atlas(arguments.folders, arguments.to, arguments.more)


def add_crate(commands: Commands) -> None:
    """Declare `sidemine crate`."""
    parser = commands.add_parser(
        "crate",
        help="pack a finished study as a Workflow Run RO-Crate: results, workflow, inputs by address and digest",
        description="Write one zip that holds the results, the workflow that made them, and ro-crate-metadata.json, which says "
        "in a standard form (Workflow Run Crate 0.5) what was read, what was run and what was written.",
    )
    parser.add_argument("results", type=Path, metavar="RESULTS", help="folder of the results of a finished study")
    parser.add_argument("--to", type=Path, required=True, metavar="FILE.zip", help="the zip to write")
    parser.set_defaults(run=_run_crate)


def _run_crate(arguments: argparse.Namespace) -> int:
    from sidemine.report.crate import write_crate

    count = write_crate(arguments.results, arguments.to)
    sys.stdout.write(f"{arguments.to}: {count} files and their description\n")
    return 0


def add_check(commands: Commands) -> None:
    """Declare `sidemine check`."""
    parser = commands.add_parser(
        "check",
        help="check a study's config.yaml and sheets, without running anything",
        description="Read config.yaml and its sheets and tell everything that is wrong with them, as every run does "
        "first. Snakemake reads the file before sidemine can: when it says no more than that the file is not valid "
        "YAML, this command names the line.",
    )
    parser.add_argument("config", type=Path, nargs="?", default=Path("config/config.yaml"), metavar="STUDY")
    parser.set_defaults(run=_run_check)


def _run_check(arguments: argparse.Namespace) -> int:
    from sidemine.preflight.bridges import files_at_hand, notes_of_bridges
    from sidemine.preflight.mix_of_cells import notes_of_composition
    from sidemine.preflight.primary_sets import notes_of_primary_sets
    from sidemine.retrieve.study_sources import StudySources
    from sidemine.run_study import find_config
    from sidemine.scaffold.blanks import notes_of_blanks
    from sidemine.study.load import load_study

    study = load_study(find_config(arguments.config))
    sources = StudySources.of(study)
    inputs, files = sources.by_key, files_at_hand(study, sources)
    notes = [
        *notes_of_primary_sets(study, sources, files),
        *notes_of_bridges(study, sources, files),
        *notes_of_composition(study),
        *notes_of_blanks(study),
    ]
    counts = (
        (study.datasets, "datasets"),
        (study.contrasts, "contrasts"),
        (study.config.hypotheses, "hypotheses"),
        (inputs, "inputs"),
    )
    sys.stdout.write(
        f"{arguments.config}: nothing wrong found in {', '.join(f'{len(things)} {name}' for things, name in counts)}.\n"
        "Selectors meet the samples' metadata in a run; `sidemine preflight` tells beforehand what they choose.\n"
        + visible("".join(f"{note}.\n" for note in notes))
    )
    return 0


_COMMANDS: tuple[Callable[[Commands], None], ...] = (
    add_find,
    add_inspect,
    add_new,
    add_check,
    add_crate,
    add_preflight,
    add_run,
    add_fetch,
    add_demo,
    add_report,
    add_atlas,
)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of `sidemine` with all its sub-commands."""
    parser = argparse.ArgumentParser(
        prog="sidemine",
        description="Is a drug's target pathway at work in a disease that the drug is suspected of causing? The "
        "analysis itself is run by Snakemake (see the README); these commands help around it.",
    )
    parser.add_argument("--version", action="version", version=f"sidemine {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for add_command in _COMMANDS:
        add_command(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command; a problem that the user can mend is told on standard error, with exit code 1."""
    parser = build_parser()
    parsed, more = parser.parse_known_args(arguments)
    if more and not getattr(parsed, "takes_more", False):
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    parsed.more = more
    try:
        code: int = parsed.run(parsed)
        sys.stdout.flush()
    except SidemineError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except BrokenPipeError:  # the reader (head, less) has seen enough
        _forget_output()
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        return 130
    except (OSError, MemoryError) as error:
        _forget_output()
        problem = explain_system_error(error)
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        if problem and frames[-1].f_globals is globals():
            problem = replace(problem, where="standard output")  # the only thing that this module writes to
        sys.stderr.write(f"{problem}\n")
        return 1
    return code


def _forget_output() -> None:
    """Keep Python from writing what is left to a pipe or disk that takes nothing more."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
