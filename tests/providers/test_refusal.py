"""Every refusal has a detail for administrators in addition to its reason."""

import ast
from pathlib import Path

from config.variables import CHECKOUT


def _without_detail(path: Path) -> list[str]:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    refusals = [call for call in calls if getattr(call.func, "id", "") == "SignInRefused"]
    short = [call for call in refusals if len(call.args) < 2 and "detail" not in {word.arg for word in call.keywords}]
    return [f"{path.relative_to(CHECKOUT)}:{call.lineno}" for call in short]


def test_every_refusal_has_a_detail() -> None:
    """Many causes share one reason, so without a detail nobody knows which it was."""
    files = [path for app in ("providers", "accounts", "api", "config") for path in (CHECKOUT / app).rglob("*.py")]

    assert [place for path in files for place in _without_detail(path)] == []
