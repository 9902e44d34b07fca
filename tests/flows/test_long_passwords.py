"""A password of one megabyte is answered at once in every form.

The kind of fault: one form has a limit, but what it protects is reachable through another.
"""

import time
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import check_password, make_password
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from accounts.sign_in.local.hashing import LONGEST_PASSWORD, PasswordTooLong
from tests.flows.conftest import Browser
from tests.support.post import Post
from tests.support.proven import proven, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("real_hashes")]

PASSWORD = "a lantern in the stairwell"
MEGABYTES = ["1" * 2**20 + "a", "a" * 2**20 + "b", "ab" * 2**19, "\N{LATIN SMALL LIGATURE FFI}" * 2**18, "." * 2**20]
LONGEST = 3.0  # seconds of work for one answer; quadratic time would be minutes


@pytest.fixture(autouse=True)
def _open(settings: Any) -> None:
    settings.LOCAL_ACCOUNTS = "open"
    cache.clear()


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser(username="root", password=PASSWORD, name="Root")


def is_quick(act: Callable[[], Any]) -> Any:
    began = time.process_time()
    answer = act()
    assert time.process_time() - began < LONGEST
    return answer


@pytest.mark.parametrize("long", MEGABYTES)
@pytest.mark.promise(96)
def test_no_form_of_the_admin_processes_it(root: User, long: str) -> None:
    administrator = proven(root)
    other = User.objects.create_user(username="other", password=PASSWORD)
    for path, data in (
        ("/admin/password_change/", {"old_password": PASSWORD, "new_password1": long, "new_password2": long}),
        ("/admin/password_change/", {"old_password": long, "new_password1": PASSWORD, "new_password2": PASSWORD}),
        ("/admin/accounts/user/add/", {"username": "new", "name": "N", "password1": long, "password2": long}),
        (f"/admin/accounts/user/{other.pk}/password/", {"password1": long, "password2": long}),
    ):
        answer = is_quick(lambda path=path, data=data: administrator.post(path, data))  # type: ignore[misc]  # defaults
        assert answer.status_code in {200, 422}, path

    assert not User.objects.filter(username="new").exists()
    for person in (root, other):
        person.refresh_from_db()
        assert person.check_password(PASSWORD)


@pytest.mark.parametrize("long", MEGABYTES)
@pytest.mark.promise(96)
def test_no_page_of_local_accounts_processes_it(root: User, browser: Browser, post: Post, long: str) -> None:
    browser.post("/accounts/register/", {"email": "nora@example.com"})
    link = post.link("nora@example.com")
    reset = User.objects.create_user(email="ned@example.com", email_verified=True, password=PASSWORD)
    browser.post("/accounts/local/password-reset/", {"email": reset.email or ""})

    for path, data in (
        ("/accounts/local/login/", {"name": "root", "password": long}),
        ("/accounts/local/login/", {"name": long, "password": PASSWORD}),
        ("/admin/login/", {"username": "root", "password": long}),
        ("/admin/login/", {"username": long, "password": PASSWORD}),
        (link, {"name": "Nora", "password": long}),
        (link, {"name": long, "password": "seven quiet lanterns"}),
        (post.link("ned@example.com"), {"password": long}),
    ):
        answer = is_quick(lambda path=path, data=data: browser.post(path, data))  # type: ignore[misc]  # defaults
        assert answer.status_code in {200, 422}, path
        assert len(answer.content) < 100_000 or "name" in data or "username" in data, (
            "what was too long is not sent back"
        )

    assert User.objects.count() == 2
    assert browser.account is None


@pytest.mark.promise(96)
def test_the_reauthentication_does_not_process_it(root: User) -> None:
    client = Client()
    sign_in(client, root)

    assert is_quick(lambda: client.post("/accounts/reauthenticate/", {"password": "x" * 2**20})).status_code == 200


@pytest.mark.promise(96)
def test_commands_refuse_it(tmp_path: Any) -> None:
    file = tmp_path / "password"
    file.write_text("k7" * 2**19)
    with pytest.raises(CommandError, match=str(LONGEST_PASSWORD)):
        is_quick(
            lambda: call_command("create_administrator", username="new", password_file=str(file), stdout=StringIO())
        )
    assert not User.objects.exists()


@pytest.mark.promise(96)
def test_hasher_and_verifier_refuse_what_nothing_else_has_checked(root: User) -> None:
    longest = "k7 " * (LONGEST_PASSWORD // 3) + "x"
    assert len(longest) == LONGEST_PASSWORD
    kept = make_password(longest)

    assert check_password(longest, kept)
    assert not check_password(longest + "y", kept), "nothing is cut to fit"
    assert not is_quick(lambda: check_password("x" * 2**20, kept))
    with pytest.raises(PasswordTooLong):
        make_password(longest + "y")
    assert is_quick(lambda: authenticate(None, username="root", password="x" * 2**20)) is None


@pytest.mark.promise(96)
def test_a_password_of_the_greatest_length_works_everywhere(browser: Browser) -> None:
    longest = ("teapot gravel umbrella " * 50)[:LONGEST_PASSWORD]
    User.objects.create_superuser(username="tall", password=longest)

    assert browser.post("/accounts/local/login/", {"name": "tall", "password": longest}).status_code == 302
    other = Browser(browser.providers)
    assert other.post("/admin/login/", {"username": "tall", "password": longest}).status_code == 302
