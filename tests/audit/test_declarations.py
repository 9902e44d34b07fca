"""Declarations: every model is audited or exempt for a reason. Wrong declarations are tested in tests/tenancy."""

import pytest
from django.contrib.auth.models import Group
from django.core.checks import Error, run_checks

from accounts.models import Session, User
from audit import declarations
from audit.declarations import declaration_of
from foundation.declarations import Audited, NotAudited


def test_no_model_of_the_product_is_forgotten() -> None:
    assert [message for message in run_checks(tags=["models"]) if str(message.id).startswith("audit.")] == []


def test_a_forgotten_model_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(declarations.declared(), "accounts.session")

    assert _faults() == [("audit.E001", "accounts.Session is neither declared to the trail nor exempt from it.")]


def test_a_forgotten_model_also_fails_for_its_many_to_many_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(declarations.declared(), "auth.group")

    assert [message.split()[0] for _, message in _faults()] == ["auth.Group", "auth.Group_permissions"]


def test_a_model_that_is_not_audited_has_its_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        NotAudited("accounts.Nobody", reason=" ")
    assert isinstance(declaration_of(Session), NotAudited)


def test_a_row_of_a_many_to_many_table_is_the_data_of_the_person_it_refers_to() -> None:
    assert declaration_of(User.groups.through) == Audited("accounts.User_groups", person="user_id")
    assert declaration_of(Group.permissions.through) == Audited("auth.Group_permissions")


def _faults() -> list[tuple[str, str]]:
    found = (m for m in run_checks(tags=["models"]) if isinstance(m, Error) and str(m.id).startswith("audit."))
    return sorted((str(m.id), m.msg) for m in found)
