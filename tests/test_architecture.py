"""docs/architecture.md is as the code is: the floors, the links into it, and the walk of a returning sign-in."""

import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from accounts.models import Session
from audit.models import Entry
from config.variables import CHECKOUT
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.support.code_links import ARCHITECTURE, PAGES, CodeLink, NotThere, definitions, filled, links, section

FILES_OF_A_SIGN_IN = 7  # as many as a newcomer reads at once


def returning_sign_in() -> list[CodeLink]:
    """Return the numbered steps of the walk, and not what the text beneath says of refusals."""
    text = section(ARCHITECTURE, "A returning sign-in")
    return links(ARCHITECTURE, text.partition("\n1. ")[2].partition("\n\n")[0])


@contextmanager
def followed(files: set[Path]) -> Iterator[list[tuple[Path, str]]]:
    """Give the calls of functions of these files, as file and qualified name, in their order."""
    names, calls = {str(file): file for file in files}, list[tuple[Path, str]]()

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call" and frame.f_code.co_filename in names:
            calls.append((names[frame.f_code.co_filename], frame.f_code.co_qualname))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)


def test_the_picture_shows_the_floors_of_the_import_contracts() -> None:
    linter = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]
    floors = [layer.split(" | ") for layer in linter["contracts"][0]["layers"]]
    drawn = [line for line in section(ARCHITECTURE, "The floors").splitlines() if line[:1].isdigit()]

    assert [line[0] for line in drawn] == [str(number) for number in range(len(floors), 0, -1)]
    assert [[cell.split()[0] for cell in line[1:].split("│") if cell.strip()] for line in drawn] == floors


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_code_leads_to_the_line_of_its_function(page: Path) -> None:
    assert links(page, page.read_text()), "it names some"
    assert page.read_text() == filled(page), "run `make docs`"


def test_a_link_to_a_function_that_is_gone_says_so(tmp_path: Path) -> None:
    (tmp_path / "some.py").write_text("class A:\n    def b(self): ...\n")
    page = tmp_path / "page.md"
    page.write_text("[`A.b`](some.py#L7) and [`b`](some.py)")

    assert definitions((tmp_path / "some.py").read_text()) == {"A": 1, "A.b": 2}
    with pytest.raises(NotThere, match=r"some\.py defines no b: name the file and the function"):
        filled(page)
    page.write_text("[`A.b`](some.py#L7)")
    assert filled(page) == "[`A.b`](some.py#L2)"


def test_a_returning_sign_in_is_told_in_few_files_from_the_callback_to_the_trail_and_the_session() -> None:
    named = [(link.file.relative_to(CHECKOUT).as_posix(), link.name) for link in returning_sign_in()]

    assert named[0] == ("providers/views/callback.py", "callback")
    assert {("audit/events.py", "record"), ("accounts/sessions/store.py", "SessionStore.save")} <= set(named)
    assert len({file for file, _ in named}) <= FILES_OF_A_SIGN_IN


@pytest.mark.django_db
@pytest.mark.parametrize("provider", ["google", "microsoft", "keycloak"])
def test_a_returning_sign_in_goes_the_way_that_the_page_tells(providers: Sandbox, provider: str) -> None:
    Browser(providers).sign_in(provider, "ada")
    before = Session.objects.count()
    returning = Browser(providers)
    callback, walk = returning.callback_url(provider, "ada"), returning_sign_in()

    with followed({link.file for link in walk}) as calls:
        response = returning.get(callback)

    assert (response.status_code, Session.objects.count()) == (302, before + 1)
    last = Entry.objects.filter(source="event").order_by("id").last()
    assert last is not None
    assert last.action == "sign_in.succeeded"
    named = [(link.file, link.name) for link in walk]
    called = [call for call in calls if call in named]
    assert is_within(named, called), f"these were called: {[name for _, name in called]}"


def is_within(named: list[tuple[Path, str]], called: list[tuple[Path, str]]) -> bool:
    """Whether all are among the calls, in their order."""
    left = iter(called)
    return all(name in left for name in named)
