"""Command line of the simulator: `python -m sidemine.simulate demo|planted|standins …`."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from sidemine.errors import SidemineError

LOG = logging.getLogger("sidemine.simulate")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the simulator's commands."""
    from sidemine.simulate.studies import DEMO_SEED, PLANTED_KINDS

    parser = argparse.ArgumentParser(
        prog="python -m sidemine.simulate", description="Write simulated studies, marked as such."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="the embedded demo that config/demo reads")
    demo.add_argument("folder", type=Path, help="folder to fill, for example demo_data")
    demo.add_argument("--seed", type=int, default=DEMO_SEED, help="seed, never 0 (default: %(default)s)")
    planted = commands.add_parser("planted", help="a small study with a known truth, config included")
    planted.add_argument("kind", choices=list(PLANTED_KINDS), help="what is planted")
    planted.add_argument("folder", type=Path, help="folder to fill")
    planted.add_argument("--seed", type=int, default=11, help="seed, never 0 (default: %(default)s)")
    standins = commands.add_parser("standins", help="stand-ins of the public files that a study names")
    standins.add_argument("folder", type=Path, help="mirror folder to fill")
    standins.add_argument(
        "--study",
        type=Path,
        default=Path("config"),
        help="folder of a study with a standins.yaml in it (default: %(default)s)",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command of the simulator and return its exit status."""
    from sidemine.run_study import find_config
    from sidemine.simulate.standins import write_standins
    from sidemine.simulate.studies import write_demo, write_planted

    options = build_parser().parse_args(arguments)
    try:
        if options.command == "demo":
            write_demo(options.folder, options.seed)
        elif options.command == "planted":
            write_planted(options.kind, options.folder, options.seed)
        else:
            write_standins(find_config(options.study), options.folder)
    except SidemineError as error:
        LOG.error("%s", error)  # noqa: TRY400 - the message has four parts; a traceback would bury it
        return 1
    LOG.info("simulated files are in %s", options.folder)
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    sys.exit(main())
