"""Drawings of pathways as a study brings them: SVG of strangers, of which only shapes, words and genes are kept.

What is kept is on a list; everything else is left out and told. There are no scripts, links, styles, images, references, or
declarations of entities on the list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from sidemine.errors import InputError, Problem

LARGEST, DEEPEST, MOST_ELEMENTS = 300_000, 24, 5_000
"""Most characters of a drawing, levels of its groups, and elements."""
_NAMESPACE = "http://www.w3.org/2000/svg"
_ELEMENTS = frozenset(
    {"svg", "g", "title", "desc", "rect", "circle", "ellipse", "line", "polyline", "polygon", "path", "text", "tspan"}
)
_NUMBERS = re.compile(r"[\d\s.,+\-eE%]{1,20000}")
_PATH = re.compile(r"[MmLlHhVvCcSsQqTtAaZz\d\s.,+\-eE]{1,20000}")
_TRANSFORM = re.compile(r"((translate|rotate|scale|matrix|skewX|skewY)\([\d\s.,+\-eE]{1,200}\)[\s,]{0,3}){1,12}")
_COLOUR = re.compile(r"none|currentColor|#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,24}")
_GENE = re.compile(r"[A-Za-z][A-Za-z0-9_.@/-]{0,39}")
_CLASSES = frozenset({"box", "gene", "label", "small", "arrow", "membrane", "drug", "mark"})
"""Parts that the page gives the colours of its theme."""
_ATTRIBUTES: dict[str, re.Pattern[str]] = {
    **dict.fromkeys(
        ("x", "y", "x1", "y1", "x2", "y2", "dx", "dy", "width", "height", "r", "rx", "ry", "cx", "cy", "points", "viewBox",
         "stroke-width", "stroke-dasharray", "font-size", "opacity", "fill-opacity", "stroke-opacity"),
        _NUMBERS,
    ),
    "d": _PATH,
    "transform": _TRANSFORM,
    "fill": _COLOUR,
    "stroke": _COLOUR,
    "text-anchor": re.compile(r"start|middle|end"),
    "font-weight": re.compile(r"normal|bold|[1-9]00"),
    "stroke-linecap": re.compile(r"butt|round|square"),
    "stroke-linejoin": re.compile(r"miter|round|bevel"),
    "data-gene": _GENE,
}  # fmt: skip
_ALLOWED = f"SVG in UTF-8 of at most {LARGEST:,} characters: {', '.join(sorted(_ELEMENTS))}; genes as data-gene, or as id where no part has data-gene"


@dataclass(frozen=True)
class CleanDrawing:
    """What was kept of a drawing.

    Attributes
    ----------
    svg
        The drawing: elements and attributes of the lists alone.
    genes
        Symbols of its genes, each once, in the order of the drawing.
    left_out
        Kinds of elements and attributes that were not kept, with their numbers.
    """

    svg: str
    genes: list[str]
    left_out: list[str]


def clean_drawing(text: str, where: str) -> CleanDrawing:
    """Return a drawing with nothing in it but shapes, words and genes.

    Parameters
    ----------
    text
        The file, decoded.
    where
        For messages.

    Raises
    ------
    InputError
        When it is no SVG, is too large or too deep, declares a document type or entities, or names no gene.
    """
    if len(text) > LARGEST:
        raise _refused("the drawing is too large", f"{where}: {len(text):,} characters", "Simplify it.")
    if "<!DOCTYPE" in text:  # without one nothing can be declared
        raise _refused("the drawing declares a document type", where, "Save it as plain SVG, without a DOCTYPE.")
    try:
        root = ET.fromstring(text)  # noqa: S314 - nothing is declared in it, so that nothing can be expanded
    except (ET.ParseError, ValueError) as error:
        raise _refused(f"the drawing cannot be read: {error}", where, "Save it again as plain SVG.") from None
    if root.tag != f"{{{_NAMESPACE}}}svg":
        raise _refused("the file is no SVG drawing", where, "Its outermost element is <svg xmlns=…>.")
    if not _NUMBERS.fullmatch(root.get("viewBox", "")):
        raise _refused("the drawing has no viewBox", where, "Give <svg> a viewBox: `0 0 760 430`.")
    _refuse_depth(root, where)
    left_out: Counter[str] = Counter()
    # Editors give every part an id, so an id is a gene only where no part says which are.
    mark = "data-gene" if any(part.get("data-gene") for part in root.iter()) else "id"
    clean = _kept(root, mark, left_out)
    clean.attrib.pop("data-gene", None)  # the whole drawing is no gene
    genes = list(dict.fromkeys(gene for part in clean.iter() if (gene := part.get("data-gene"))))
    if not genes:
        raise _refused("the drawing names no gene", where, 'Mark each gene\'s shape: data-gene="STAT1".')
    for size in ("width", "height", "x", "y"):
        clean.attrib.pop(size, None)
    clean.set("xmlns", _NAMESPACE)
    counts = [f"{number} × {what}" for what, number in sorted(left_out.items())]
    return CleanDrawing(ET.tostring(clean, encoding="unicode", short_empty_elements=False), genes, counts)


def _refused(what: str, where: str, next_step: str) -> InputError:
    return InputError(Problem(what, where, _ALLOWED, next_step))


def _refuse_depth(root: ET.Element, where: str) -> None:
    level, n_elements, depth = [root], 0, 0
    while level:
        depth, n_elements = depth + 1, n_elements + len(level)
        if depth > DEEPEST or n_elements > MOST_ELEMENTS:
            raise _refused("the drawing has too many elements, or groups in groups", where, "Simplify it.")
        level = [child for part in level for child in part]


def _kept(part: ET.Element, mark: str, left_out: Counter[str]) -> ET.Element:
    clean = ET.Element(_local(part.tag), dict(_attributes(part, mark, left_out)))
    clean.text = part.text
    for child in part:
        if (
            isinstance(child.tag, str)
            and child.tag.startswith(f"{{{_NAMESPACE}}}")
            and _local(child.tag) in _ELEMENTS - {"svg"}
        ):
            kept = _kept(child, mark, left_out)
            kept.tail = child.tail
            clean.append(kept)
        else:
            left_out[f"element {_local(str(child.tag))[:40]}"] += 1
    return clean


def _attributes(part: ET.Element, mark: str, left_out: Counter[str]) -> Iterator[tuple[str, str]]:
    gene = part.get(mark)
    for name, value in part.attrib.items():
        if name == "class":
            known = [word for word in value.split() if word in _CLASSES]
            if known:
                yield name, " ".join(known)
        elif name in _ATTRIBUTES and name != "data-gene" and _ATTRIBUTES[name].fullmatch(value.strip()):
            yield name, value.strip()
        elif name not in {"id", "data-gene"}:
            left_out[f"attribute {_local(name)[:40]}"] += 1
    if gene and _GENE.fullmatch(gene):
        yield "data-gene", gene


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
