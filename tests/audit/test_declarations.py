"""Declarations: every model is audited or exempt, and what a declaration names exists."""

import pytest
from django.contrib.auth.models import Group
from django.core.checks import Error, run_checks

from accounts.models import Session, User
from audit import declarations
from audit.declarations import Declaration, DeclaredTwice, Exemption, declare, exempt, said_of


def test_no_model_of_the_product_is_forgotten() -> None:
    assert [message for message in run_checks(tags=["models"]) if str(message.id).startswith("audit.")] == []


def test_a_forgotten_model_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(declarations._said, "accounts.session")  # noqa: SLF001

    assert _faults() == [("audit.E001", "accounts.Session is neither declared to the trail nor exempt from it.")]


def test_a_forgotten_model_takes_its_many_to_many_tables_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(declarations._said, "auth.group")  # noqa: SLF001

    assert [message.split()[0] for _, message in _faults()] == ["auth.Group", "auth.Group_permissions"]


def test_an_unknown_column_or_model_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(declarations._said, "auth.group", Declaration(secret=frozenset({"nmae"})))  # noqa: SLF001
    monkeypatch.setitem(declarations._said, "auth.guild", Declaration())  # noqa: SLF001

    assert _faults() == [
        ("audit.E002", "auth.guild is declared, but there is no such model."),
        ("audit.E003", "auth.Group has no column nmae, which its declaration names."),
    ]


def test_nothing_is_said_twice_of_a_model() -> None:
    with pytest.raises(DeclaredTwice):
        declare("accounts.user")
    with pytest.raises(DeclaredTwice):
        exempt("accounts.User", reason="Because.")


def test_an_exemption_needs_its_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        exempt("accounts.Nobody", reason=" ")
    assert isinstance(said_of(Session), Exemption)


def test_a_row_of_a_many_to_many_table_is_the_data_of_the_person_it_points_at() -> None:
    assert said_of(User.groups.through) == Declaration(person="user_id")
    assert said_of(Group.permissions.through) == Declaration()


def _faults() -> list[tuple[str, str]]:
    found = (m for m in run_checks(tags=["models"]) if isinstance(m, Error) and str(m.id).startswith("audit."))
    return sorted((str(m.id), m.msg) for m in found)
