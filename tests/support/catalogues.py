"""Translatable messages: read from the source, compared with catalogues, and written as made-up catalogues."""

import ast
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations
from itertools import takewhile
from pathlib import Path

from django.utils.translation.template import templatize

from config import languages
from config.variables import CHECKOUT
from tests.support.product import PACKAGES

CONTEXT = "\x04"  # between a message's context and its text, in a catalogue
CALL = re.compile(r"(?<![\w.])(_|n?p?gettext)\(")
PLACE = re.compile(r"%\((\w+)\)|\{(\w*)\}")
ARGUMENTS = {"gettext": (0,), "ngettext": (0, 1), "pgettext": (0, 1), "npgettext": (0, 1, 2)}


@dataclass(frozen=True, order=True)
class Message:
    """A text to be translated. ``plural`` is empty if there is only one form."""

    text: str
    plural: str = ""
    context: str = ""

    @property
    def key(self) -> str:
        return f"{self.context}{CONTEXT}{self.text}" if self.context else self.text

    @property
    def places(self) -> set[str]:
        """The names of the placeholders. A translation must have the same ones."""
        return places(f"{self.text}{self.plural}")


def places(text: str) -> set[str]:
    return {first or second for first, second in PLACE.findall(text)}


@cache
def in_source() -> frozenset[Message]:
    """Return every message of the site, its mails and our part of the admin."""
    modules = (path for app in PACKAGES for path in (CHECKOUT / app).rglob("*.py") if "migrations" not in path.parts)
    templates = (path for path in (CHECKOUT / "templates").rglob("*") if path.suffix in {".html", ".txt"})
    found = {message for path in modules for message in in_module(path.read_text())}
    return frozenset(found | {message for path in templates for message in in_template(path.read_text())})


def in_module(source: str) -> Iterator[Message]:
    """Yield the messages in calls of gettext and its variants, under whatever name they were imported."""
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name: _plain(alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if _plain(alias.name) in ARGUMENTS
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = names.get(node.func.id) if isinstance(node.func, ast.Name) else _attribute(node.func)
            if name:
                yield from _called(name, node.args)


def in_template(source: str) -> Iterator[Message]:
    """Yield the messages in what Django passes to xgettext: calls between blanks."""
    calls = templatize(source)
    for found in CALL.finditer(calls):
        call = _call(calls, found.end())
        name = "gettext" if found[1] == "_" else found[1]
        if call is not None:
            yield from _called(name, call.args)


def faults(folder: Path) -> list[str]:
    """Return what is wrong with a folder of catalogues: each must be complete and offered, or neither."""
    wanted, told = in_source(), []
    for path in sorted(folder.glob(f"*/{languages.CATALOGUE}")):
        code, lacks = languages.code_of(path.parent.parent), missing(path, wanted)
        if not (CHECKOUT / "config" / "formats" / path.parent.parent.name / "formats.py").exists():
            lacks.append("its forms of dates")
        if languages.is_declared(path) and lacks:
            told.append(f"{code} is offered and lacks {lacks[0]!r} and {len(lacks) - 1} more")
        if not languages.is_declared(path) and not lacks:
            told.append(f"{code} is complete and not offered")
    return told


def missing(path: Path, wanted: Iterable[Message]) -> list[str]:
    """Return the messages that a compiled catalogue lacks, or whose placeholders it loses."""
    with path.open("rb") as file:
        catalogue = GNUTranslations(file)
    known: dict[str | tuple[str, int], str] = catalogue._catalog  # type: ignore[attr-defined]  # noqa: SLF001  # no other way to ask
    count = int((re.search(r"nplurals\s*=\s*(\d+)", catalogue.info().get("plural-forms", "")) or ["", "2"])[1])
    return [message.key for message in sorted(wanted) if not _is_whole(message, known, count)]


def made_up(folder: Path, code: str, say: Callable[[str], str], *, without: str = "", complete: bool = True) -> None:
    """Write a catalogue in which ``say`` translates every message except ``without``."""
    head = ["Content-Type: text/plain; charset=UTF-8", "Plural-Forms: nplurals=2; plural=n != 1;"]
    entries = {"": "\n".join([*head, "X-Complete: yes" if complete else "X-Complete: no", ""])}
    for message in in_source():
        if message.text == without:
            continue
        key = f"{message.key}\0{message.plural}" if message.plural else message.key
        texts = [message.text, message.plural] if message.plural else [message.text]
        entries[key] = "\0".join(say(text) for text in texts)
    path = folder / code / languages.CATALOGUE
    path.parent.mkdir(parents=True)
    path.write_bytes(_compiled(entries))


def _compiled(entries: dict[str, str]) -> bytes:
    """Return a file in GNU gettext's .mo format: a header, two tables of lengths and offsets, and the texts."""
    pairs = sorted((key.encode(), value.encode()) for key, value in entries.items())
    texts, tables, place = b"", ([], []), 28 + 16 * len(pairs)  # type: tuple[bytes, tuple[list[int], list[int]], int]
    for column, table in enumerate(tables):
        for pair in pairs:
            table += [len(pair[column]), place + len(texts)]
            texts += pair[column] + b"\0"
    head = (0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 28 + 16 * len(pairs))
    return struct.pack(f"<7I{4 * len(pairs)}I", *head, *tables[0], *tables[1]) + texts


def _is_whole(message: Message, known: dict[str | tuple[str, int], str], count: int) -> bool:
    if not message.plural:
        said = known.get(message.key, "")
        return bool(said) and places(said) == message.places
    forms = [known.get((message.key, number), "") for number in range(count)]
    return all(forms) and set().union(*map(places, forms)) == message.places


def _plain(name: str) -> str:
    return name.removesuffix("_lazy").removesuffix("_noop")


def _attribute(called: ast.expr) -> str:
    """As in ``translation.gettext``."""
    name = _plain(called.attr) if isinstance(called, ast.Attribute) else ""
    return name if name in ARGUMENTS else ""


def _called(name: str, arguments: list[ast.expr]) -> Iterator[Message]:
    places = ARGUMENTS[name]
    texts = [one.value for one in arguments[: len(places)] if isinstance(one, ast.Constant)]
    if len(texts) == len(places) and texts[-1]:
        context = [str(texts.pop(0))] if "pgettext" in name else [""]
        yield Message(str(texts[0]), plural=str(texts[1]) if len(texts) > 1 else "", context=context[0])


def _call(text: str, begin: int) -> ast.Call | None:
    """Parse the call whose arguments start at ``begin``, up to the first bracket that completes an expression."""
    ends = (found.end() for found in re.finditer(r"\)", text[begin:]))
    for end in takewhile(lambda place: place < 5_000, ends):
        try:
            (node,) = ast.parse(f"f({text[begin : begin + end]}", mode="exec").body
        except SyntaxError:
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            return node.value
    return None
