"""Drawings of pathways that a study brings: files of its own, shown in the report and filled by fold changes. They carry no verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from sidemine.errors import Problem, SidemineError
from sidemine.study.closed_model import ClosedModel
from sidemine.study.drawing import LARGEST, clean_drawing
from sidemine.study.panels import PanelId
from sidemine.study.paths import expand_path
from sidemine.study.reach import outside_problems


class PathwayFile(ClosedModel):
    """A drawing of a pathway, whose genes the report fills by the fold changes of a comparison."""

    id: PanelId = Field(description="Id of the drawing.")
    title: str = Field(min_length=3, description="What it shows, in words, for the report.")
    file: str = Field(
        min_length=1,
        description='SVG beside config.yaml. Its genes are shapes, or groups, with data-gene="SYMBOL" (or id="SYMBOL", where '
        "none has data-gene). Scripts, styles, links and images of it are left out.",
    )
    source: str = Field(
        min_length=5, description="Where the topology of the pathway comes from: author, journal, year, DOI."
    )
    licence: str = Field(min_length=1, description="Licence of the drawing.")


@dataclass(frozen=True)
class PathwayDrawing:
    """A drawing as it was read: what was kept of the file, its genes, and what was left out."""

    id: str
    svg: str
    genes: list[str]
    left_out: list[str]


def read_drawings(
    rows: Sequence[PathwayFile], config_path: Path, problems: list[Problem], within: Sequence[Path] | None = None
) -> list[PathwayDrawing]:
    """Read the drawings of a study; append everything that is wrong to `problems`.

    Parameters
    ----------
    rows
        As declared.
    config_path
        The config file: relative paths count from its folder.
    problems
        Is appended to.
    within
        Folders outside of which none is opened; None: any may be.
    """
    for name, number in Counter(row.id for row in rows).items():
        if number > 1:
            problems.append(
                Problem(
                    f"pathway id {name!r} is used twice",
                    f"{config_path}, key pathways",
                    "each drawing has an id of its own",
                    "Rename one.",
                )
            )
    drawings = []
    for row in rows:
        place = f"{config_path}, pathway {row.id}, key file, value {row.file!r}"
        try:
            path = expand_path(row.file, config_path.parent)
            outside = [] if within is None else outside_problems([(path, place, "read")], within)
            problems += outside
            if not outside:
                drawing = clean_drawing(_read(path, place), place)
                drawings.append(PathwayDrawing(row.id, drawing.svg, drawing.genes, drawing.left_out))
        except SidemineError as error:
            problems += error.problems
    return drawings


def _read(path: Path, place: str) -> str:
    from sidemine.errors import InputError

    try:
        with path.open("rb") as stream:
            # One byte more than may be there says that it is too large; UTF-8 takes up to four bytes for a character.
            return stream.read(4 * LARGEST + 1).decode("utf-8-sig")
    except UnicodeDecodeError:
        what = "the drawing is not written in UTF-8"
    except OSError as error:
        what = f"the drawing cannot be opened: {error.strerror}"
    raise InputError(
        Problem(
            what, place, "an SVG file in UTF-8; relative paths count from config.yaml", "Correct the path or the file."
        )
    ) from None
