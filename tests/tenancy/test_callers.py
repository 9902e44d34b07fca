"""Who may open the whole site's rows: every caller is listed here, with what it is for."""

import ast
from pathlib import Path

import pytest

from config.environment import CHECKOUT

CALLERS = {
    "accounts/admin/reentering.py": "exports that superusers began",
    "accounts/bulk/running.py": "bulk actions that superusers began",
    "accounts/tasks.py": "bulk actions that were left, to be found again",
    "accounts/roles.py": "the built-in roles",
    "accounts/tenancy/middleware.py": "superusers in the admin",
}
FOLDERS = ("accounts", "api", "audit", "authserver", "config", "providers")


@pytest.mark.promise(73)
def test_only_those_listed_open_the_whole_site() -> None:
    found = {
        str(file.relative_to(CHECKOUT))
        for folder in FOLDERS
        for file in (CHECKOUT / folder).rglob("*.py")
        if file.name != "context.py" and _calls(file)
    }

    assert found == set(CALLERS)


def _calls(file: Path) -> bool:
    return any(
        isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "site_context"
        for node in ast.walk(ast.parse(file.read_text()))
    )
