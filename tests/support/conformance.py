"""Writes docs/conformance.md: each module of the conformance suite's plans with the test that is named after it.

``python -m tests.support.conformance`` writes it; a test compares it.
"""

import ast
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.variables import CHECKOUT

FOLDER = CHECKOUT / "tests" / "authserver" / "conformance"
LIST = FOLDER / "modules.toml"
PAGE = CHECKOUT / "docs" / "conformance.md"
OPENING = """# Conformance

The OpenID Foundation tests providers with a [conformance suite](https://openid.net/certification/). Vestibule is tested
with the same modules, run by us: for each there is a test of its name that asserts what the module asserts. Vestibule
is **not certified** by the OpenID Foundation, and the Foundation's own suite has not run against it.

The tests use the suite's setting: three static clients, addresses with https, and a person at a browser without
JavaScript. A module that the suite skips for us is a test of why it is skipped, and of what holds instead. Made by
`make docs` from `tests/authserver/conformance`.
"""
LEFT_OUT = """
## What we leave out

| plan | why |
|---|---|
"""


@dataclass(frozen=True, kw_only=True)
class ModuleTest:
    """A test that is named after a module: its file, and the first paragraph of its docstring."""

    file: Path
    says: str


def plans() -> list[dict[str, Any]]:
    """Return the plans, each with the names of its modules."""
    found: list[dict[str, Any]] = tomllib.loads(LIST.read_text())["plan"]
    modules = {plan["name"]: plan.get("modules", []) for plan in found}
    return [plan | {"modules": modules[plan.get("same_as", plan["name"])]} for plan in found]


def left_out() -> list[dict[str, str]]:
    found: list[dict[str, str]] = tomllib.loads(LIST.read_text())["left_out"]
    return found


def tests() -> dict[str, ModuleTest]:
    """Return the tests that are named after modules, by their names."""
    return {
        node.name: ModuleTest(file=path, says=" ".join((ast.get_docstring(node) or "").split("\n\n")[0].split()))
        for path in sorted(FOLDER.rglob("test_*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_oidcc")
    }


def name_of_test(module: str) -> str:
    return f"test_{module.replace('-', '_')}"


def page() -> str:
    """Return the page. Raises KeyError for a module without a test."""
    found = tests()
    parts = [OPENING]
    for plan in plans():
        parts.append(f"\n## {plan['title']}\n\n`{plan['name']}`. {' '.join(plan['about'].split())}\n")
        if "same_as" not in plan:
            parts += ["\n| module | what its test asserts |\n|---|---|\n"]
            parts += [_row(module, found[name_of_test(module)]) for module in plan["modules"]]
    parts.append(LEFT_OUT)
    parts += [f"| `{plan['name']}` | {' '.join(plan['reason'].split())} |\n" for plan in left_out()]
    return "".join(parts)


def _row(module: str, test: ModuleTest) -> str:
    return f"| [{module}](../{test.file.relative_to(CHECKOUT)}) | {test.says} |\n"


if __name__ == "__main__":
    PAGE.write_text(page())
