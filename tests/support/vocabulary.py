"""Finds names in the product: as identifiers, files, events, URLs, settings, commands and labels.

Identifiers are qualified by the module that defines them, and followed through imports; nothing is compared as an
English word.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from tests.support.product import PACKAGES

OF_DJANGO = {"Command"}  # the name by which Django finds a management command in its module


@dataclass(frozen=True)
class Row:
    kind: str
    left: str
    right: str
    remark: str
    state: str


@dataclass(frozen=True)
class House:
    """Files by their paths in the checkout, with the URLs and commands that they define."""

    texts: Mapping[str, str]
    urls: frozenset[str] = frozenset()
    commands: frozenset[str] = frozenset()

    def has(self, row: Row, name: str) -> bool:
        """Whether a name of the row's kind is found."""
        if row.kind == "label":
            return bool(re.search(rf"\b{re.escape(name)}\b", self._shown))
        names: Mapping[str, AbstractSet[str]] = {
            "identifier": self.identifiers,
            "file": self.paths,
            "event": self.events,
            "url": self.urls,
            "setting": self.settings,
            "command": self.commands,
        }
        return name in names[row.kind]

    @cached_property
    def identifiers(self) -> set[str]:
        return {name for path, tree in self.trees.items() for name in qualified(tree, module_of(path))}

    @cached_property
    def paths(self) -> set[str]:
        """The files, and quoted texts that look like paths. Templates also appear as Django names them."""
        mentioned = set(re.findall(r"[`'\"]([\w./-]+)", self._everything))
        return {*self.texts, *mentioned, *(f"templates/{path}" for path in mentioned)}

    @cached_property
    def events(self) -> set[str]:
        return set(re.findall(r"(?<![\w.])([a-z_]+\.[a-z_]+)(?![\w(]|\.\w)", self._quoted))

    @cached_property
    def settings(self) -> set[str]:
        return set(re.findall(r"\b[A-Z][A-Z_]+\b", self._everything))

    @cached_property
    def trees(self) -> dict[str, ast.Module]:
        return {path: ast.parse(text) for path, text in self.texts.items() if path.endswith(".py")}

    @cached_property
    def _everything(self) -> str:
        return "\n".join(self.texts.values())

    @cached_property
    def _quoted(self) -> str:
        """The string literals in code, and the documents: the places of names in text."""
        return "\n".join([*self._constants(self.trees), *self._not_python(".md", ".sql", ".html")])

    @cached_property
    def _shown(self) -> str:
        """The texts of pages and mails."""
        of_product = {path: tree for path, tree in self.trees.items() if path.split("/")[0] in PACKAGES}
        for_us = {node.value for tree in of_product.values() for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        templates = (text for path, text in self.texts.items() if path.startswith("templates/"))
        return "\n".join([*self._constants(of_product, leaving_out=for_us), *templates])

    @staticmethod
    def _constants(
        trees: Mapping[str, ast.Module], *, leaving_out: AbstractSet[ast.expr] = frozenset()
    ) -> Iterator[str]:
        for tree in trees.values():
            constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node not in leaving_out)
            yield from (node.value for node in constants if isinstance(node.value, str))

    def _not_python(self, *suffixes: str) -> Iterator[str]:
        return (text for path, text in self.texts.items() if path.endswith(suffixes))


def qualified(tree: ast.Module, module: str) -> Iterator[str]:
    """Yield every name that a module defines, imports, uses or spells, qualified by the module that defines it."""
    known = dict(_imported(tree))
    yield from known.values()
    for name in _defined(tree.body, ""):
        yield f"{module}.{name}"
        known.setdefault(name, f"{module}.{name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (names := _chain(node)) and names[0] in known:
            of_whom = [known[names[0]], *names[1:]]
            yield from (".".join(of_whom[:count]) for count in range(1, len(of_whom) + 1))
        elif isinstance(node, ast.Constant) and re.fullmatch(r"\w+([.:]\w+)+", str(node.value)):
            yield str(node.value).replace(":", ".")


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (
                (a.asname or a.name.split(".")[0], a.name if a.asname else a.name.split(".")[0]) for a in node.names
            )
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((a.asname or a.name, f"{node.module}.{a.name}") for a in node.names)


def _defined(body: list[ast.stmt], of: str) -> Iterator[str]:
    for node in body:
        match node:
            case ast.FunctionDef(name=name, args=named) | ast.AsyncFunctionDef(name=name, args=named):
                yield of + name
                yield from (f"{of}{name}.{one.arg}" for one in (*named.posonlyargs, *named.args, *named.kwonlyargs))
            case ast.ClassDef(name=name):
                yield of + name
                yield from _defined(node.body, f"{of}{name}.")
            case ast.Assign() | ast.AnnAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                yield from (of + n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name))
            case ast.If() | ast.Try() | ast.With():
                yield from _defined(node.body, of)


def _chain(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Attribute):
        return [*names, node.attr] if (names := _chain(node.value)) else []
    return [node.id] if isinstance(node, ast.Name) else []


def module_of(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def fault_of(row: Row, house: House) -> str | None:
    """Return what is wrong with a row, or None."""
    match row.state:
        case "done" if house.has(row, row.left):
            return f"{row.left} is still there: {row.right}"
        case "done" if not house.has(row, row.right):
            return f"{row.right} is not found, which stands for {row.left}"
        case "open" if not house.has(row, row.left):
            return f"{row.left} is found no longer: mark it done"
        case "done" | "open":
            return None
    return f"{row.state} is no state: {row.left}"


def defined_twice(house: House) -> dict[str, list[str]]:
    """Return the product's public classes that are defined more than once, with their places."""
    found: dict[str, list[str]] = {}
    for path, tree in house.trees.items():
        if path.split("/")[0] in PACKAGES and "/migrations/" not in path:
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found.setdefault(node.name, []).append(f"{module_of(path)}.{node.name}")
    return {name: places for name, places in found.items() if len(places) > 1 and name not in OF_DJANGO}
