"""Fills in the line numbers of links to the code, in pages that name functions.

``[`verify`](../providers/verification.py)`` gets the line of the function. ``python -m tests.support.code_links``
writes them into the pages; a test compares them.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.variables import CHECKOUT

ARCHITECTURE = CHECKOUT / "docs" / "architecture.md"
PAGES = (CHECKOUT / "CONTRIBUTING.md", ARCHITECTURE, CHECKOUT / "docs" / "add-a-provider.md")
LINK = re.compile(r"\[`(?P<name>\w+(?:\.\w+)*)`\]\((?P<file>[\w./]+\.py)(?:#L\d+)?\)")


class NotThere(LookupError):
    """A page names a function that its file does not define."""


@dataclass(frozen=True, kw_only=True)
class CodeLink:
    """A function, a class or a method that a page names, and the file that defines it."""

    name: str
    file: Path

    @property
    def line(self) -> int:
        """The line of its ``def`` or ``class``. Raises NotThere."""
        found = definitions(self.file.read_text()) if self.file.exists() else {}
        if self.name not in found:
            raise NotThere(f"{self.file} defines no {self.name}: name the file and the function that do this now")
        return found[self.name]


def definitions(source: str) -> dict[str, int]:
    """Return the lines of a module's functions, classes and methods by their qualified names."""
    return dict(_defined(ast.parse(source), ""))


def links(page: Path, text: str) -> list[CodeLink]:
    """Return the links in a part of a page, in order."""
    return [CodeLink(name=found["name"], file=(page.parent / found["file"]).resolve()) for found in LINK.finditer(text)]


def filled(page: Path) -> str:
    """Return a page with the current line number in each link. Raises NotThere."""

    def put(found: re.Match[str]) -> str:
        (link,) = links(page, found[0])
        return f"[`{found['name']}`]({found['file']}#L{link.line})"

    return LINK.sub(put, page.read_text())


def section(page: Path, heading: str) -> str:
    """Return the text under a heading of the second level. Raises ValueError."""
    begin = (text := page.read_text()).index(f"\n## {heading}\n")
    return text[begin:].removeprefix("\n").partition("\n## ")[0]


def _defined(node: ast.AST, within: str) -> Iterator[tuple[str, int]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            yield f"{within}{child.name}", child.lineno
            if isinstance(child, ast.ClassDef):
                yield from _defined(child, f"{within}{child.name}.")


if __name__ == "__main__":
    for each in PAGES:
        each.write_text(filled(each))
