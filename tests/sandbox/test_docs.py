"""docs/sandbox.md is complete."""

from dataclasses import fields
from pathlib import Path

import pytest

from sandbox.control import Control
from sandbox.faults import CATALOGUE, Outcome
from sandbox.personas import CAST, Persona
from sandbox.server import Sandbox

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text("utf-8")


@pytest.mark.parametrize("persona", CAST, ids=lambda persona: persona.key)
def test_the_cast_is_documented(persona: Persona) -> None:
    assert f"| `{persona.key}` | {persona.email or 'none'} | {persona.title} |" in PAGE


def test_every_order_is_documented(sandbox: Sandbox) -> None:
    told = {line.split("`")[1] for line in PAGE.splitlines() if "/_control/" in line and line.startswith("|")}
    assert told == {f"{method} {path}" for method, path in Control(sandbox.world).routes() if "_control" in path}


def test_every_field_of_a_persona_is_documented() -> None:
    assert [f.name for f in fields(Persona) if f"`{f.name}`" not in PAGE and f.name != "title"] == []


def test_every_outcome_is_documented() -> None:
    assert [outcome for outcome in Outcome if f"| `{outcome}` |" not in PAGE] == []


def test_the_example_names_a_real_fault() -> None:
    assert '"fault": "iss_wrong"' in PAGE
    assert "iss_wrong" in CATALOGUE
