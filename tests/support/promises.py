"""Writes docs/promises.md: each promise with the tests that are marked with its number.

``python -m tests.support.promises`` writes it; a test compares it.
"""

import ast
import tomllib
from collections.abc import Iterator

from config.variables import CHECKOUT

TESTS = CHECKOUT / "tests"
PAGE = CHECKOUT / "docs" / "promises.md"
OPENING = """# Promises

What Vestibule promises, and the tests that hold us to it. Made by `make docs` from `tests/promises.toml` and the
marks in the tests; a promise without a test is one that has not been built yet.
"""


def sentences() -> dict[str, dict[int, str]]:
    """Return the promises by section and number."""
    told = tomllib.loads((TESTS / "promises.toml").read_text())
    return {section: {int(number): text for number, text in promises.items()} for section, promises in told.items()}


def marked() -> dict[int, list[str]]:
    """Return the names of the tests that are marked with each number, as file and function."""
    found: dict[int, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for name, number in _marks(ast.parse(path.read_text())):
            found.setdefault(number, []).append(
                f"{path.relative_to(TESTS)}: {name.removeprefix('test_').replace('_', ' ')}"
            )
    return found


def page() -> str:
    tests = marked()
    parts = [OPENING]
    for section, promises in sentences().items():
        parts.append(f"\n## {section}\n")
        for number, text in promises.items():
            parts.append(f"{number}. {text}")
            parts.extend(f"    - {name}" for name in sorted(set(tests.get(number, []))))
    return "\n".join(parts) + "\n"


def of_modules() -> list[str]:
    """Return the test modules that mark all their tests with ``pytestmark``: a promise belongs to single tests."""
    return [
        str(path.relative_to(TESTS))
        for path in sorted(TESTS.rglob("*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
        if any(_numbers(node.value))
    ]


def _marks(module: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield (test, number) for the marks of functions, and for those of a class once for each of its tests."""
    for node in module.body:
        of_class = list(_marked_with(node)) if isinstance(node, ast.ClassDef) else []
        for function in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
                yield from ((function.name, number) for number in [*of_class, *_marked_with(function)])


def _marked_with(node: ast.ClassDef | ast.FunctionDef) -> Iterator[int]:
    for mark in node.decorator_list:
        yield from _numbers(mark)


def _numbers(mark: ast.AST) -> Iterator[int]:
    for call in ast.walk(mark):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.promise":
            yield from (int(ast.unparse(argument)) for argument in call.args)


if __name__ == "__main__":
    PAGE.write_text(page())
