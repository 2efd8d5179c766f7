"""The worked examples of CONTRIBUTING.md, applied to a copy of the workflow.

An example is a section (`## …`). Its code blocks say after their language where they go: ```` ```python file=path ````
writes a new file, ```` ```diff file=path ```` registers it in a file that is there: lines with `-` or a space stand there,
lines with `-` go and those with `+` come. Other lines of the file may lie between the lines of a diff.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
DOCUMENT = REPOSITORY / "CONTRIBUTING.md"
BLOCK = re.compile(r"^```(\w+) file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Example:
    """An example in its copy of the workflow: which files it adds, and how many lines it adds to which others."""

    folder: Path
    added: list[str] = field(default_factory=list)
    registered: dict[str, int] = field(default_factory=dict)

    def run(self, *command: str, fails: bool = False) -> str:
        """Run a command in the copy and return what it says; `python` is this one, with the copy's package first."""
        helpers = [REPOSITORY / "tests" / room for room in ("verdict", "report", "enrichment")]
        paths = [self.folder / "workflow", *helpers]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"}
        line = [sys.executable if word == "python" else word for word in command]
        done = subprocess.run(
            line, cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert (done.returncode != 0) == fails, done.stdout[-4000:]
        return done.stdout

    def python(self, code: str) -> str:
        """Run Python code against the copy and return what it prints."""
        return self.run("python", "-c", code)

    def rules(self, config: Path) -> list[str]:
        """Return the rules that the copy's workflow has for a study."""
        listed = self.run(
            "python", "-m", "snakemake", "--list-rules", "--snakefile", str(self.folder / "Snakefile"),
            "--configfile", str(config), "--quiet", "all",
        )  # fmt: skip
        return listed.split()


def apply_example(title: str, folder: Path) -> Example:
    """Copy the workflow to a folder, unless it is there, and apply the example with this title."""
    # With what Python compiled: it goes by the date and size of a source file, and both are copied.
    if not (folder / "Snakefile").exists():
        for name in ("workflow", "resources"):
            shutil.copytree(REPOSITORY / name, folder / name, symlinks=True)
        shutil.copy(REPOSITORY / "Snakefile", folder)
    example = Example(folder)
    blocks = BLOCK.findall(section(title))
    assert blocks, f"{title}: no code block says `file=`"
    for language, name, text in blocks:
        path = folder / name
        if language == "diff":
            before = path.read_text(encoding="utf-8")
            path.write_text(patched(before, text.splitlines()), encoding="utf-8")
            example.registered[name] = sum(line.startswith("+") for line in text.splitlines())
        else:
            assert not path.exists(), f"{name} is there already"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            example.added.append(name)
    return example


def section(title: str) -> str:
    """Return the text below a heading, up to the next one of its level."""
    (text,) = re.findall(
        rf"^## {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)",
        DOCUMENT.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    return text


def patched(text: str, diff: list[str]) -> str:
    """Return a text with a diff applied."""
    lines, place = text.splitlines(), 0
    for line in diff:
        mark, content = line[:1], line[1:]
        if mark == "+":
            # An addition goes before the next line that stands there; where none follows, after the last one.
            following = next((later[1:] for later in diff[diff.index(line) + 1 :] if later[:1] != "+"), None)
            if following is not None:
                place = lines.index(following, place)
            lines.insert(place, content)
            place += 1
        else:
            place = lines.index(content, place)
            if mark == "-":
                del lines[place]
            else:
                place += 1
    return "\n".join(lines) + "\n"
