"""The product's words: the table of names that were replaced, and the glossary.

``tests/words.tsv`` has a row for each name of the former private language (issue 13, part 2). A row that is ``done``
has its left-hand name nowhere and its right-hand name somewhere; a row that is ``open`` still has the left-hand one.
"""

import csv
import re
from argparse import _SubParsersAction
from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import URLPattern, URLResolver, get_resolver

from config.variables import CHECKOUT
from tests.support.product import PACKAGES
from tests.support.vocabulary import House, Row, defined_twice, fault_of

TABLE = CHECKOUT / "tests" / "words.tsv"
GLOSSARY = CHECKOUT / "docs" / "glossary.md"
FOLDERS = (*PACKAGES, "bench", "sandbox", "tests", "docs", "templates", "static")
AT_THE_TOP = ("README.md", ".env.example", "Makefile", "pyproject.toml", "manage.py")
SUFFIXES = {".py", ".md", ".html", ".txt", ".js", ".css", ".sql"}
NOT_READ = {"tests/test_words.py", "tests/support/vocabulary.py"}
OPEN = 0  # rows; this number only goes down


def rows() -> list[Row]:
    with TABLE.open(newline="") as file:
        return [Row(**row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


@cache
def house() -> House:
    files = [CHECKOUT / name for name in AT_THE_TOP]
    files += [file for name in FOLDERS for file in (CHECKOUT / name).rglob("*") if file.suffix in SUFFIXES]
    texts = {str(file.relative_to(CHECKOUT)): file.read_text() for file in files}
    return House(
        {path: text for path, text in texts.items() if path not in NOT_READ},
        urls=frozenset(_urls(get_resolver(), "/")),
        commands=frozenset(_commands()),
    )


def _urls(resolver: URLResolver, above: str) -> Iterator[str]:
    for entry in resolver.url_patterns:
        address = above + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _urls(entry, address)
        elif isinstance(entry, URLPattern):
            yield address
            if entry.name:
                yield entry.name


def _commands() -> Iterator[str]:
    """Yield our commands by name, and with each option and subcommand."""
    for name, app in get_commands().items():
        if str(app).split(".")[0] in PACKAGES:
            yield name
            for action in load_command_class(str(app), name).create_parser("manage.py", name)._actions:  # noqa: SLF001  # argparse tells no other way
                words = action.choices if isinstance(action, _SubParsersAction) else action.option_strings
                yield from (f"{name} {word}" for word in words or ())


def terms() -> dict[str, tuple[str, list[str]]]:
    """Return the glossary: each term with its meaning, and the words that are not used for it."""
    lines = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ?([^|]*) ?\|$", GLOSSARY.read_text(), re.MULTILINE)[1:]
    return {
        term: (meaning, re.split(r", ", others.strip()) if others.strip() else []) for term, meaning, others in lines
    }


def plainly(text: str) -> str:
    """Write a text in small letters, the words of its identifiers apart."""
    return re.sub(r"[_-]", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower())


def is_used(term: str, text: str) -> bool:
    """Whether a text, written plainly, has a term in the singular or plural."""
    return bool(re.search(rf"\b{plainly(term).removesuffix('y')}", text))


@pytest.mark.slow
def test_each_row_of_the_table_says_what_is_so() -> None:
    found = rows()

    assert {row.kind for row in found} == {"identifier", "file", "event", "label", "url", "setting", "command"}
    assert [fault for row in found if (fault := fault_of(row, house()))] == []


def test_no_name_is_replaced_twice_and_fewer_are_open_than_before() -> None:
    found = rows()

    assert [left for left, count in Counter((row.kind, row.left) for row in found).items() if count > 1] == []
    assert sum(row.state == "open" for row in found) == OPEN


@pytest.mark.slow
def test_a_class_that_is_defined_twice_is_about_to_get_a_name_of_its_own() -> None:
    """Kind: one more ``Kind``."""
    replaced = {row.left for row in rows() if row.state == "open"}

    assert [places for places in defined_twice(house()).values() if len(set(places) - replaced) > 1] == []


def test_a_term_stands_once_in_the_order_of_the_alphabet_and_for_one_idea() -> None:
    found = terms()
    lines = GLOSSARY.read_text().count("\n| ")

    assert len(found) == lines - 1 > 80, "a line that cannot be read, or a term twice"
    assert list(found) == sorted(found)
    assert [other for _, others in found.values() for other in others if other in found] == []


def test_every_term_of_the_glossary_is_used() -> None:
    text = plainly("\n".join(text for path, text in house().texts.items() if path != "docs/glossary.md"))

    assert [term for term in terms() if not is_used(term, text)] == []


# What the tests above can find

OLD = Row(kind="identifier", left="a.old.keep", right="a.new.store", remark="", state="done")
NEW = {"a/new.py": "def store(): ..."}


@pytest.mark.parametrize(
    "text",
    [
        "from a.old import keep",
        "from a.old import keep as store",
        "from a import old\nold.keep()",
        "import a.old\na.old.keep()",
        "import a.old as vault\nvault.keep()",
        "TASK = 'a.old.keep'",
        "TASK = 'a.old:keep'",
    ],
)
def test_a_name_that_is_done_is_found_however_it_is_used(text: str) -> None:
    assert fault_of(OLD, House(NEW)) is None
    assert fault_of(OLD, House(NEW | {"b.py": text})) == "a.old.keep is still there: a.new.store"
    assert fault_of(OLD, House(NEW | {"a/old.py": "if x:\n    keep = 1"})) == "a.old.keep is still there: a.new.store"


@pytest.mark.parametrize("text", ["keep = 1", "from b import keep", "'We keep it.'", "old.keep()", "# a.old.keep"])
def test_another_name_and_an_english_word_are_left_alone(text: str) -> None:
    assert fault_of(OLD, House(NEW | {"b.py": text})) is None


def test_a_row_is_done_only_with_its_new_name_and_open_only_with_its_old_one() -> None:
    still = Row(kind="identifier", left="a.old.keep", right="a.new.store", remark="", state="open")

    assert fault_of(OLD, House({})) == "a.new.store is not found, which stands for a.old.keep"
    assert fault_of(still, House(NEW)) == "a.old.keep is found no longer: mark it done"
    assert fault_of(still, House({"a/old.py": "def keep(): ..."})) is None
    assert fault_of(Row("identifier", "a", "b", "", "soon"), House({})) == "soon is no state: a"


@pytest.mark.parametrize(
    ("kind", "left", "texts"),
    [
        ("file", "a/old.py", {"a/old.py": ""}),
        ("file", "a/old.py", {"docs/page.md": "See `a/old.py`."}),
        ("file", "templates/a/old.html", {"a/b.py": "render(request, 'a/old.html')"}),
        ("event", "session.ended", {"a/b.py": "told('session.ended')"}),
        ("event", "session.ended", {"docs/page.md": "The trail has `session.ended`."}),
        ("event", "trail.floor_set", {"a/migrations/x.sql": "'action', 'trail.floor_set'"}),
        ("setting", "ALIASES", {".env.example": "ALIASES="}),
        ("label", "Ways in", {"templates/a.html": '{% translate "Ways in" %}'}),
        ("label", "Ways in", {"accounts/b.py": "title=_('Ways in')"}),
    ],
)
def test_a_name_of_each_kind_is_found(kind: str, left: str, texts: dict[str, str]) -> None:
    row = Row(kind, left, "new", "", "open")

    assert fault_of(row, House(texts)) is None
    innocent = "'''Ways in, for who reads code.'''\nsession.ended()\nHOST_ALIASES = 'always innocent'"
    assert fault_of(row, House({"accounts/c.py": innocent})) is not None


def test_addresses_and_commands_are_those_that_django_has() -> None:
    assert {"/accounts/reauthenticate/", "reauthenticate"} <= house().urls
    assert {"encryption_keys", "audit retention", "create_administrator --username"} <= house().commands
    assert not any(name.startswith("runserver") for name in house().commands)


def test_a_class_that_is_defined_twice_is_found() -> None:
    twice = House({"accounts/a.py": "class Kind: ...", "audit/b.py": "class Kind: ...\nclass Command: ..."})

    assert defined_twice(twice) == {"Kind": ["accounts.a.Kind", "audit.b.Kind"]}
    assert defined_twice(House({"accounts/a.py": "class Kind: ...\nclass _Kind: ..."})) == {}


def test_a_term_is_found_in_any_form_and_in_nothing_else() -> None:
    assert all(is_used("bulk action", plainly(text)) for text in ("Bulk actions", "bulk_action", "class BulkAction:"))
    assert is_used("factory", plainly("Factories"))
    assert not is_used("act", plainly("The fact is exact."))
    assert not is_used("errand", plainly("deferred tasks"))
