"""Languages: only complete ones are offered, and a page is entirely in the language that it declares.

The kind of fault: a page, mail or response declares a language that it is only partly in, or not at all.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from accounts.mailing import mail
from accounts.models import User
from config import languages
from config.server import refusals
from config.variables import CHECKOUT
from jobs.models import DeferredTask
from tests.pages.reading import read
from tests.support import catalogues
from tests.support.catalogues import Message
from tests.support.post import Post
from tests.support.proven import sign_in

pytestmark = pytest.mark.django_db

MADE_UP = "qar"  # not a language of Django's, whose own texts stay English in it
ELSEWHERE = ["de", "ar", "fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "he,ar;q=0.9", "zh-Hans", "de-DE-1996"]
JUNK = ["*", "", ";;;", "de;q=banana", "x" * 5_000, "en\x00de", "../../etc/passwd", "de," * 2_000, "-", "\u0131"]


def turned(text: str) -> str:
    """Translate into the made-up language: put text into brackets, and keep placeholders and tags."""
    return "".join(part if part.startswith(("%(", "{", "<")) else f"⟪{part}⟫" for part in _parts(text) if part)


def _parts(text: str) -> list[str]:
    return re.split(r"(%\(\w+\)[sd]|\{\w*\}|<[^>]*>)", text)


# Completeness


def test_every_catalogue_is_complete_and_offered_or_neither() -> None:
    assert catalogues.faults(CHECKOUT / "locale") == []


def test_the_source_is_read_as_the_pages_are() -> None:
    found = catalogues.in_source()

    assert len(found) > 900
    assert Message("{} waits") not in found
    for text in ("just now", "Skip to the content", "Not due yet, first run by", "Sign out"):
        assert Message(text) in found
    assert Message("%(count)s person", plural="%(count)s people") in {
        *catalogues.in_module(
            "from django.utils.translation import ngettext_lazy as n\nn('%(count)s person', '%(count)s people', 2)"
        )
    }
    assert [
        *catalogues.in_template("{% load i18n %}{% translate 'May' context 'month' %}{{ x|default:_('no one') }}")
    ] == [
        Message("May", context="month"),
        Message("no one"),
    ]


def test_a_complete_catalogue_that_says_so_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogues.made_up(tmp_path, "de", turned)

    assert languages.offered(tmp_path) == [("en", "English"), ("de", "Deutsch")]
    assert catalogues.missing(tmp_path / "de" / languages.CATALOGUE, catalogues.in_source()) == []


@pytest.mark.parametrize("text", ["just now", "Skip to the content", "Sign out"])
def test_one_message_less_is_not_complete(tmp_path: Path, text: str) -> None:
    catalogues.made_up(tmp_path, "de", turned, without=text)

    assert catalogues.missing(tmp_path / "de" / languages.CATALOGUE, catalogues.in_source()) == [text]
    assert "de is offered and lacks" in catalogues.faults(tmp_path)[0]


def test_a_translation_that_loses_a_placeholder_is_not_complete(tmp_path: Path) -> None:
    catalogues.made_up(tmp_path, "de", lambda text: text.replace("%(ago)s", "neulich"))

    assert catalogues.missing(tmp_path / "de" / languages.CATALOGUE, catalogues.in_source()) == ["%(ago)s ago"]


def test_an_undeclared_catalogue_is_not_offered_and_is_reported_when_complete(tmp_path: Path) -> None:
    for code in ("en", "de"):  # one has date formats, the other would have to be offered
        catalogues.made_up(tmp_path, code, turned, complete=False)

    assert languages.offered(tmp_path) == [("en", "English")]
    assert catalogues.faults(tmp_path) == ["en is complete and not offered"]


@pytest.mark.parametrize("folder", ["without", "empty"])
def test_without_catalogues_there_is_english(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty" / "de").mkdir(parents=True)

    assert languages.offered(tmp_path / folder) == [("en", "English")]


# Negotiation


@pytest.fixture
def root(client: Client) -> Client:
    sign_in(client, User.objects.create_superuser(username="root", name="Root"))
    return client


def is_english(content: str) -> bool:
    html = read(content).all("html")[0]
    return (html.get("lang"), html.get("dir")) in {("en", "ltr"), ("en", "auto"), ("en", "")}


@pytest.mark.parametrize("wanted", [*ELSEWHERE, *JUNK])
@pytest.mark.parametrize("path", ["/accounts/login/", "/de/", "/ar/accounts/", "/admin/login/", "/nowhere/"])
def test_whatever_a_browser_requests_it_gets_english_and_the_page_declares_it(
    client: Client, path: str, wanted: str
) -> None:
    client.cookies["django_language"] = "de"
    answer = client.get(path, headers={"accept-language": wanted}, follow=True)

    assert is_english(answer.content.decode())
    assert answer.headers["Content-Language"] == "en"


@pytest.mark.parametrize("wanted", ["de", "ar"])
@pytest.mark.parametrize("path", ["/admin/", "/admin/accounts/user/", "/admin/accounts/tenant/", "/admin/audit/entry/"])
def test_the_admin_is_in_one_language(root: Client, path: str, wanted: str) -> None:
    answer = root.get(path, headers={"accept-language": wanted})
    words = answer.content.decode()

    assert is_english(words)
    assert not re.search(r"Hinzufügen|Ändern|Suchen|Verlauf|[\u0600-\u06ff]", words)


@pytest.mark.parametrize("status", refusals.PAGES)
def test_what_the_server_refuses_by_itself_is_english_too(status: int) -> None:
    with translation.override("ar"):
        head, _, body = refusals.answer(HTTPStatus(status)).decode().partition("\r\n\r\n")

    assert "Content-Language: en\r\n" in head
    assert is_english(body)


def test_a_mail_in_a_language_that_is_no_longer_offered_is_english_and_declares_it(post: Post) -> None:
    with translation.override("de"):
        letter = mail.write("ada@example.com", "email_changed", {}, asked=mail.request_facts(), mail_id="1")

    assert '<html lang="en" dir="ltr">' in letter.html


def test_mails_of_jobs_are_in_english() -> None:
    letter = mail.write("ada@example.com", "email_changed", {}, asked=mail.request_facts(), mail_id="1")

    assert '<html lang="en" dir="ltr">' in letter.html
    assert not DeferredTask.objects.exists()


# A made-up language that is written from right to left


@pytest.fixture
def made_up(tmp_path: Path, settings: Any) -> Iterator[str]:
    catalogues.made_up(tmp_path, MADE_UP, turned)
    settings.LOCALE_PATHS = [tmp_path]
    settings.LANGUAGES_BIDI = [MADE_UP]
    settings.LANGUAGES = languages.offered(tmp_path)
    yield MADE_UP
    translation.activate(settings.LANGUAGE_CODE)


@pytest.mark.parametrize(
    "path", ["/accounts/connections/", "/accounts/", "/nowhere/", "/admin/", "/admin/accounts/user/"]
)
def test_pages_are_mirrored_only_in_a_right_to_left_language(root: Client, made_up: str, path: str) -> None:
    theirs = root.get(path, headers={"accept-language": made_up})
    html = read(theirs.content.decode()).all("html")[0]
    assert (html.get("lang"), html.get("dir")) == (made_up, "rtl")
    assert theirs.headers["Content-Language"] == made_up
    assert "⟪" in theirs.content.decode()

    ours = root.get(path, headers={"accept-language": "de, en;q=0.5"})
    assert is_english(ours.content.decode())
    assert "⟪" not in ours.content.decode()


def test_a_mail_is_mirrored_as_well(made_up: str) -> None:
    with translation.override(made_up):
        asked = mail.request_facts()
    letter = mail.write("ada@example.com", "email_changed", {}, asked=asked, mail_id="1")

    assert f'<html lang="{made_up}" dir="rtl">' in letter.html
    assert "⟪" in letter.text


def test_every_word_of_peoples_pages_is_translated(client: Client, made_up: str) -> None:
    words = read(client.get("/accounts/login/", headers={"accept-language": made_up}).content.decode())

    bare = re.sub(r"⟪[^⟫]*⟫|Vestibule|Google|GitHub|Microsoft|Keycloak", "", words.all("main")[0].text)
    assert not re.search(r"[A-Za-z]{4,}", bare), bare
