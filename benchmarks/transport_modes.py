"""Meet every transport fault with every kind of file, and random mixtures of faults; count what went wrong.

python benchmarks/transport_modes.py [--mixtures 2000] [--seed 1]

The table is that of tests/retrieve/transport_modes.py. A mixture puts up to four passing faults of one file before the right
answer; its beginning may be resumed by a right or a wrong rest. Wanted: bad bytes kept 0, recoverable modes lost 0.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow"), str(ROOT / "tests" / "retrieve")]

from transport_modes import KEPT, Mode, Outcome, contents, cut, modes, part, send, too_slow, try_all  # noqa: E402


def mixtures(number: int, seed: int) -> list[Mode]:
    """Return modes in which several faults follow each other before the right answer comes."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    # A body without a length that comes twice alike cannot be told from a whole one: such faults are not repeated.
    passing = [mode for mode in modes() if mode.name.endswith(", once") and mode.group not in {"no length", "stall"}]
    by_content = {name: [mode for mode in passing if mode.content == name] for name in contents()}
    made = []
    for count in range(number):
        name = draw.choice([name for name, some in by_content.items() if some])
        data = contents()[name].data
        faults = [draw.choice(by_content[name]) for _ in range(draw.randint(0, 2))]
        answers = [fault.answers[0] for fault in faults]
        for _ in range(draw.randint(0, 2)):
            tag = f'ETag: "{draw.randint(1, 2)}"'
            at = draw.randint(0, len(data) - 1)
            answers.append(draw.choice([cut(data, at, tag), part(data, tag), cut(data, at)]))
        draw.shuffle(answers)
        words = " + ".join(fault.name.removesuffix(", once") for fault in faults)
        made.append(Mode("mixture", f"{count} {words}", name, (*answers, send(data, 'ETag: "9"')), KEPT))
    return made


def main() -> None:
    """Run all, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mixtures", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    os.fsync = lambda _: None  # the disk is not the matter here
    started = time.perf_counter()
    tried: Counter[str] = Counter()
    recoverable: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    wrong: Counter[str] = Counter()

    def tell(outcome: Outcome) -> None:
        group = outcome.mode.group
        tried[group] += 1
        recoverable[group] += outcome.mode.outcome == KEPT
        bad[group] += outcome.bad_bytes_kept
        wrong[group] += bool(outcome.fault)
        if outcome.fault:
            print(f"{outcome.mode}: {outcome.fault}", file=sys.stderr)

    with tempfile.TemporaryDirectory() as folder:
        try_all([*modes(), *too_slow(), *mixtures(chosen.mixtures, chosen.seed)], Path(folder), tell)
    print("group\tmodes\trecoverable\tbad_bytes_kept\tother_outcome_than_wanted")
    for group in tried:
        print(group, tried[group], recoverable[group], bad[group], wrong[group], sep="\t")
    print("all", tried.total(), recoverable.total(), bad.total(), wrong.total(), sep="\t")
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
    if wrong.total():
        sys.exit(1)


if __name__ == "__main__":
    main()
