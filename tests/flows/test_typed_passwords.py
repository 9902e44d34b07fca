"""A password works in every Unicode normal form and in every form.

The kind of fault: one text in two normal forms is two passwords. A Mac sends ``é`` as two characters, Windows as one.
"""

import ast
import unicodedata
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password
from django.core.cache import cache
from django.core.management import call_command

from accounts.models import User
from accounts.sign_in.local import passwords
from accounts.sign_in.local.hashing import LONGEST_PASSWORD, LONGEST_TYPED, composed
from accounts.sign_in.local.password_rules import LongEnough, NotTooLong
from config.variables import CHECKOUT
from tests.flows.conftest import Browser
from tests.support.product import PACKAGES
from tests.support.proven import proven

pytestmark = pytest.mark.django_db(transaction=True)

TYPED = "Zoë's crème brûlée, Ångström"
FORMS = {form: unicodedata.normalize(form, TYPED) for form in ("NFC", "NFD")}
PAIRS = [(set_in, typed_in) for set_in in FORMS for typed_in in FORMS]
MAY_JUDGE = {"accounts/sign_in/local/hashing.py"}
MAY_HASH = {"accounts/models/user.py", "accounts/sign_in/local/passwords.py"}


@pytest.fixture(autouse=True)
def _open(settings: Any) -> None:
    settings.LOCAL_ACCOUNTS = "open"
    cache.clear()


@pytest.mark.parametrize(("set_in", "typed_in"), PAIRS)
def test_every_way_to_set_one_works_with_every_way_to_type_it(set_in: str, typed_in: str) -> None:
    given, typed = FORMS[set_in], FORMS[typed_in]
    created = User.objects.create_user(username="created", password=given)
    by_hand = User.objects.create_user(username="by-hand")
    by_hand.set_password(given)
    by_hand.save()
    root = proven(User.objects.create_superuser(username="root", password=given))
    root.post("/admin/accounts/user/add/", {"username": "added", "name": "A", "password1": given, "password2": given})
    by_form = User.objects.create_user(username="by-form", password="x")  # replaced at once
    root.post(f"/admin/accounts/user/{by_form.pk}/password/", {"password1": given, "password2": given})

    for name in ("created", "by-hand", "added", "by-form", "root"):
        assert User.objects.get(username=name).check_password(typed), name
    assert created.check_password(given)


@pytest.mark.parametrize("typed_in", FORMS)
def test_every_form_accepts_it(browser: Browser, typed_in: str) -> None:
    User.objects.create_superuser(username="root", password=FORMS["NFC"])
    assert passwords.check(None, "root", FORMS[typed_in]) is not None
    answer = browser.post("/admin/login/", {"username": "root", "password": FORMS[typed_in]})
    assert answer.status_code == 302


def test_the_command_sets_one_that_opens_in_any_form(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(FORMS["NFD"], encoding="utf-8")
    call_command("create_administrator", "--username", "chief", "--password-file", str(file), stdout=StringIO())

    assert User.objects.get(username="chief").check_password(FORMS["NFC"])


@pytest.mark.promise(44)
@pytest.mark.parametrize("typed_in", FORMS)
def test_known_and_unknown_accounts_cost_as_many_hashes(monkeypatch: pytest.MonkeyPatch, typed_in: str) -> None:
    """Otherwise the time would reveal who has an account, and who has no password."""
    hashed: list[str] = []
    counted = Argon2PasswordHasher.encode, Argon2PasswordHasher.verify

    def encode(self: Any, password: str, salt: str) -> Any:
        hashed.append("encode")
        return counted[0](self, password, salt)

    def verify(self: Any, password: str, encoded: str) -> Any:
        hashed.append("verify")
        return counted[1](self, password, encoded)

    User.objects.create_user(username="known", password="something else altogether")  # a test's
    User.objects.create_user(username="without")
    monkeypatch.setattr(Argon2PasswordHasher, "encode", encode)
    monkeypatch.setattr(Argon2PasswordHasher, "verify", verify)
    costs = {}
    for name in ("known", "without", "nobody"):
        hashed.clear()
        cache.clear()
        assert passwords.check(None, name, FORMS[typed_in]) is None
        costs[name] = len(hashed)

    assert set(costs.values()) == {1}


def test_the_length_is_that_of_the_composed_text() -> None:
    longest = unicodedata.normalize("NFD", "é" * LONGEST_PASSWORD)
    user = User.objects.create_user(username="long", password=longest)
    assert user.check_password("é" * LONGEST_PASSWORD)
    NotTooLong().validate(longest)
    with pytest.raises(Exception, match="at least 12"):
        LongEnough(min_length=12).validate(unicodedata.normalize("NFD", "é" * 6))
    with pytest.raises(Exception, match="at most"):
        NotTooLong().validate("e\u0301" * (LONGEST_PASSWORD + 1))


@pytest.mark.parametrize("typed", ["a\u0323\u0307" * 2**19, "\u0344" * LONGEST_TYPED, "\ufb2c" * LONGEST_TYPED])
def test_composing_is_bounded(typed: str) -> None:
    assert not check_password(typed, make_password("another one"))
    assert len(composed(typed)) >= LONGEST_PASSWORD


def test_nothing_else_judges_or_hashes_a_password() -> None:
    """The kind of fault: another place hashes what was typed."""
    found: dict[str, set[str]] = {"check_password": set(), "make_password": set()}
    for folder in PACKAGES:
        for file in (CHECKOUT / folder).rglob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node.module == "django.contrib.auth.hashers":
                    for name in {alias.name for alias in node.names} & found.keys():
                        found[name].add(str(file.relative_to(CHECKOUT)))

    assert found == {"check_password": MAY_JUDGE, "make_password": MAY_HASH}
