"""What the Markdown of the repository shows: its code blocks, and the commands in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True)
class Block:
    """A code block: where it stands, the words behind its fence, and its text."""

    file: str
    line: int
    words: str
    text: str

    @property
    def language(self) -> str:
        """The first of the words, or nothing."""
        return (self.words.split() or [""])[0]

    def commands(self) -> list[str]:
        """Return the commands of a shell block, without comments; a line that ends in `\\` goes on."""
        lines = re.sub(r"\\\n\s*", "", self.text).splitlines()
        return [command for line in lines if (command := re.sub(r"(^|\s+)#.*", "", line).strip())]


def blocks(file: str) -> list[Block]:
    """Return the code blocks of a Markdown file, fenced or indented, in their order."""
    tokens = MarkdownIt("commonmark").parse((REPOSITORY / file).read_text(encoding="utf-8"))
    return [
        Block(file, token.map[0] + 1, token.info, token.content)
        for token in tokens
        if token.type in {"fence", "code_block"} and token.map
    ]
