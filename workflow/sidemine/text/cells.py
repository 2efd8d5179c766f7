"""One line of delimited text, and its cells."""

from __future__ import annotations

import re

BLANKS = " "
"""The separator 'one or several blanks'."""
SEPARATOR_NAMES = {"\t": "tab", ",": "comma", ";": "semicolon", BLANKS: "blanks"}
_BLANK_CELLS = re.compile(r'"(?:[^"]|"")*+"(?= |$)|[^ "][^ ]*')


def unquoted(cell: str) -> str:
    """Return a cell without the pair of quotes that R and spreadsheets write around it.

    >>> unquoted('"STAT1"'), unquoted("5'-UTR"), unquoted('"')
    ('STAT1', "5'-UTR", '"')
    """
    return cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def split_line(line: str, separator: str, *, quoting: bool = True) -> list[str]:
    """Split one line into unquoted cells.

    Parameters
    ----------
    line
        The line, without its end.
    separator
        A character, or `BLANKS` for any run of blanks.
    quoting
        Whether `"` encloses cells; a doubled one inside stands for itself.

    Raises
    ------
    ValueError
        When a quote is not closed, or text stands after a closing quote.

    Examples
    --------
    >>> split_line('"a,b",say "x",5', ",")
    ['a,b', 'say "x"', '5']
    """
    if separator == BLANKS:
        return split_line(tabbed(line, quoting), "\t", quoting=quoting)
    if not quoting or '"' not in line:
        return line.split(separator)
    cells: list[str] = []
    position = 0
    while True:
        if line.startswith('"', position):
            end = position + 1
            while (end := line.find('"', end)) >= 0 and line.startswith('"', end + 1):
                end += 2
            if end < 0:
                raise ValueError("a quote is opened and not closed in its line")
            if end + 1 < len(line) and not line.startswith(separator, end + 1):
                raise ValueError("text stands after a closing quote")
            cells.append(line[position + 1 : end].replace('""', '"'))
            end += 1
        else:
            end = line.find(separator, position)
            end = len(line) if end < 0 else end
            cell = line[position:end]
            if cell.count('"') % 2:
                raise ValueError("a quote within a cell has no partner")
            cells.append(cell)
        if end >= len(line):
            return cells
        position = end + 1


def tabbed(line: str, quoting: bool) -> str:
    """Return a line of cells parted by blanks as one of cells parted by single tabs."""
    if "\t" in line:
        raise ValueError("a tab stands in a line of a table whose cells are parted by blanks")
    if not quoting or '"' not in line:
        return re.sub(" +", "\t", line.strip(" "))
    if _BLANK_CELLS.sub("", line).strip(" "):
        raise ValueError("a quote is opened and not closed in its line")
    return "\t".join(_BLANK_CELLS.findall(line))
