"""Changing the e-mail address of an account, by calling the functions."""

from typing import Any

import pytest
from django.core.cache import cache

from accounts.mailing import links
from accounts.mailing.mail import MailNotConfigured
from accounts.models import MailedLink, User
from accounts.sign_in import email_change
from accounts.sign_in.email_change import BY_ACCOUNT, LinkOfAnother, OwnAddress
from accounts.sign_in.rate_limits import TooOften
from audit.models import Entry
from tests.support.post import Post

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW = "ada@example.com", "ada@new.example"


@pytest.fixture(autouse=True)
def _nothing_counted_yet() -> None:
    cache.clear()


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada", email=OLD, email_verified=True)


def link_to(address: str, post: Post) -> MailedLink:
    return links.find(post.link(address).rstrip("/").rpartition("/")[2])


def test_an_address_is_requested_and_changed_by_its_link(ada: User, post: Post) -> None:
    email_change.request_change(ada, NEW)
    waiting = email_change.pending(ada)
    email_change.change(link_to(NEW, post), ada, keep_session=None)

    ada.refresh_from_db()
    assert waiting is not None
    assert waiting.email == NEW
    assert (ada.email, ada.email_verified) == (NEW, True)


def test_the_accounts_own_address_cannot_be_requested(ada: User) -> None:
    with pytest.raises(OwnAddress):
        email_change.request_change(ada, "Ada@EXAMPLE.com")

    assert email_change.pending(ada) is None


def test_requests_of_an_account_are_limited(ada: User) -> None:
    for number in range(BY_ACCOUNT.most):
        email_change.request_change(ada, f"ada@{number}.example")
    with pytest.raises(TooOften) as reached:
        email_change.request_change(ada, NEW)

    assert reached.value.limit == BY_ACCOUNT
    assert Entry.objects.filter(action="email.change_requested").count() == BY_ACCOUNT.most


def test_without_mail_a_change_cannot_be_requested(ada: User, settings: Any) -> None:
    settings.CAN_SEND_MAIL = False
    with pytest.raises(MailNotConfigured):
        email_change.request_change(ada, NEW)

    assert not MailedLink.objects.exists()


def test_a_link_of_another_account_changes_nothing(ada: User, post: Post) -> None:
    email_change.request_change(ada, NEW)
    grace = User.objects.create_user(name="Grace", email="grace@example.com")
    with pytest.raises(LinkOfAnother):
        email_change.change(link_to(NEW, post), grace, keep_session=None)

    assert set(User.objects.values_list("email", flat=True)) == {OLD, "grace@example.com"}
