"""The house's budgets: imports without circles; packages, files, functions and names within bounds (ADR 48)."""

import ast
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from config.variables import CHECKOUT
from tests.support.product import PACKAGES

LARGEST = 0.30  # of the product's lines of Python, for one package
MODULES_OF_ACCOUNTS = 8  # at its top
LONGEST_FILE, LONGEST_FUNCTION = 300, 40  # lines, everything in them counted

FOUND_BY_NAME = {"Command", "EmailBackend"}  # Django looks for these classes by their names


def modules() -> dict[str, Path]:
    """Return the product's modules by their names; migrations stand for themselves."""
    files = (file.relative_to(CHECKOUT) for name in PACKAGES for file in (CHECKOUT / name).rglob("*.py"))
    return {name_of(file): CHECKOUT / file for file in files if "migrations" not in file.parts}


def name_of(file: Path) -> str:
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")


def imported(source: str, known: set[str]) -> Iterator[str]:
    """Yield the modules that a module's text names in its imports, wherever in it they stand."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield from {inner if inner in known else node.module} & known


def functions(source: str) -> Iterator[tuple[str, int]]:
    """Yield the functions and methods of a module's text, and how many lines each has, from ``def`` to its end."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def public_classes(source: str) -> Iterator[str]:
    """Yield the classes that others can import from a module's text."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


def circle(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules of one circle, from one of them back to it, or nothing."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as found:
        names: list[str] = found.args[1]
        return names
    return []


def test_no_import_runs_in_a_circle() -> None:
    found = modules()
    imports = {name: set(imported(file.read_text(), set(found))) - {name} for name, file in found.items()}

    assert sum(map(len, imports.values())) > len(found), "it read the imports"
    assert circle(imports) == []


@pytest.mark.parametrize("how", ["from {0} import {1}", "import {0}.{1}", "def f():\n    from {0}.{1} import x"])
def test_a_circle_is_found_however_it_is_written(how: str) -> None:
    """Kind: a circle that hides in a function, or behind the name of a package."""
    known = {"a", "a.b", "a.c"}
    imports = {"a.b": set(imported(how.format("a", "c"), known)), "a.c": {"a.b"}}

    assert set(circle(imports)) == {"a.b", "a.c"}


def test_no_package_outgrows_the_house() -> None:
    lines = dict.fromkeys(PACKAGES, 0)
    for name, file in modules().items():
        lines[name.partition(".")[0]] += len(file.read_text().splitlines())

    assert max(lines.values()) < LARGEST * sum(lines.values()), lines


def test_accounts_has_few_modules_at_its_top() -> None:
    top = [file.name for file in (CHECKOUT / "accounts").glob("*.py") if file.name != "__init__.py"]

    assert len(top) <= MODULES_OF_ACCOUNTS, top


def test_no_file_is_too_long() -> None:
    lines = {str(file.relative_to(CHECKOUT)): len(file.read_text().splitlines()) for file in modules().values()}

    assert {name: count for name, count in lines.items() if count > LONGEST_FILE} == {}


def test_no_function_is_too_long() -> None:
    found = [(name, *each) for name, file in modules().items() for each in functions(file.read_text())]

    assert len(found) > 1000, "it read the functions"
    assert [each for each in found if each[-1] > LONGEST_FUNCTION] == []


def test_a_long_function_is_found_wherever_it_is_defined() -> None:
    source = "class A:\n    async def long(self):\n        def inner():\n" + "            pass\n" * 40

    assert sorted(functions(source)) == [("inner", 41), ("long", 42)]


def test_a_public_class_name_means_one_thing() -> None:
    """Nobody asks which ``Order`` is meant."""
    names = Counter(name for file in modules().values() for name in set(public_classes(file.read_text())))

    assert {name for name, count in names.items() if count > 1} - FOUND_BY_NAME == set()
