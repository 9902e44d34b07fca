"""Documentation that lies fails here."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from config.environment import names
from config.variables import CHECKOUT
from tests.support import events, promises
from tests.support.product import PACKAGES

DECISIONS = CHECKOUT / "docs" / "decisions"
DECISION_LINES, DECISION_COLUMNS = 45, 120  # one page
PAGES = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md"), *CHECKOUT.glob("clients/*/**/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    links = re.findall(r'\]\(([^)#]+)(?:#[^)]*)?\)|(?:src|srcset)="([^"]+)"', page.read_text())
    local = [first or second for first, second in links if "://" not in (first or second)]

    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.process
def test_the_readmes_commands_exist() -> None:
    commands = set(re.findall(r"^make (\w+)", (CHECKOUT / "README.md").read_text(), re.MULTILINE))
    listed = subprocess.run(["make"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout

    assert commands == {"run", "test"}
    assert all(f"make {command}" in listed for command in commands)


def test_the_readme_leads_to_the_pages_for_newcomers() -> None:
    links = re.findall(r"\]\(([^)#]+)", (CHECKOUT / "README.md").read_text())

    assert {"CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE", "docs/architecture.md"} <= set(links)
    assert "docs/threat-model.md" in re.findall(r"\]\(([^)#]+)", (CHECKOUT / "SECURITY.md").read_text())


def test_contributing_names_commands_and_files_that_exist() -> None:
    page, makefile = ((CHECKOUT / name).read_text() for name in ("CONTRIBUTING.md", "Makefile"))
    paths = re.findall(r"`([\w.]+/[\w./-]*)`", page)

    assert set(re.findall(r"`make ([\w-]+)", page)) <= set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    assert len(paths) > 10
    assert [path for path in paths if not (CHECKOUT / path).exists()] == []


@pytest.mark.parametrize("provider", sorted(settings.SIGN_IN_PROVIDERS))
def test_the_readme_gives_each_providers_callback_and_variables(provider: str) -> None:
    readme = (CHECKOUT / "README.md").read_text()

    assert f":8000{reverse('provider-callback', kwargs={'provider_id': provider})}`" in readme
    told = re.findall(rf"`({provider.upper()}_\w+)`", readme)
    assert {f"{provider.upper()}_CLIENT_ID", f"{provider.upper()}_CLIENT_SECRET"} <= set(told) <= set(names())


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("README.md", r"\| Keycloak \|.*\*Front channel logout\* off"),
        ("docs/keycloak.md", r"\| Front channel logout \| \*\*off\*\*.*no logout token"),
        ("docs/keycloak.md", r"`SSL_CERT_FILE="),
        ("docs/keycloak.md", r"`default\.acr\.values`"),
        ("docs/keycloak.md", r"\(`amr`\).*add the mapper"),
        ("docs/keycloak.md", r"`KEYCLOAK_ACR_VALUES="),
        ("docs/keycloak.md", r"(?s)## OFFLINE_ACCESS=keycloak\n.*Its price:"),
        (".env.example", r"(?s)With keycloak here.*at a price:.*\nOFFLINE_ACCESS=\n"),
    ],
)
def test_whoever_sets_a_keycloak_up_is_told_what_no_error_would_say(page: str, said: str) -> None:
    """The kind of fault: a set-up that looks right and does less; with the front channel on, no logout token comes."""
    assert re.search(said, (CHECKOUT / page).read_text())


def fault_of_decision(text: str, name: str, index: str) -> str:
    """Return what is wrong with the page of a decision (ADR), or nothing."""
    head = re.match(
        r"# (?P<number>\d+)\. (?P<title>.+)\n\n"
        r"Status: (?P<status>accepted|superseded by \[ADR \d+\]\([^)]+\))(?:;? .*(?:\n  .*)*)?\n"
        r"Date: (?P<date>\d{4}-\d\d-\d\d)\n",
        text,
    )
    if head is None or name[:4] != head["number"].zfill(4):
        return "it begins with its number, title, status and date"
    if len(lines := text.splitlines()) > DECISION_LINES or max(map(len, lines)) > DECISION_COLUMNS:
        return "it has at most one page"
    if re.findall(r"^## (.+)$", text, re.MULTILINE) != ["Context", "Decision", "Consequences", "Alternatives"]:
        return "it has the four sections"
    row = f"| [{head['number']}]({name}) | {head['title']} | {head['status']} | {head['date']} |"
    return "" if row in index.splitlines() else f"the index has no line: {row}"


@pytest.mark.parametrize("page", sorted(DECISIONS.glob("0*.md")), ids=lambda page: page.name[:4])
def test_a_decision_is_one_page_with_status_and_date_and_is_in_the_index(page: Path) -> None:
    assert fault_of_decision(page.read_text(), page.name, (DECISIONS / "README.md").read_text()) == ""


def test_a_decision_that_is_too_long_or_missing_from_the_index_is_found() -> None:
    page = DECISIONS / "0001-one-identity-table.md"
    text, index = page.read_text(), (DECISIONS / "README.md").read_text()

    assert "status" in fault_of_decision(text.replace("Status: accepted", "Status: proposed"), page.name, index)
    assert "date" in fault_of_decision(text.replace("Date: 2026", "Date: 26"), page.name, index)
    assert "page" in fault_of_decision(text + "\n" * DECISION_LINES, page.name, index)
    assert "page" in fault_of_decision(text + "x" * (DECISION_COLUMNS + 1), page.name, index)
    assert "sections" in fault_of_decision(text.replace("## Consequences", "## Results"), page.name, index)
    assert "index" in fault_of_decision(text.replace("# 1. Identities", "# 1. Persons"), page.name, index)


def test_every_row_of_the_threat_model_names_tests_that_exist() -> None:
    page = (CHECKOUT / "docs" / "threat-model.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| attack ")]
    named = [re.findall(r"`([\w/]+\.py)`", row.split(" | ")[-1]) for row in rows]

    assert len(rows) >= 20
    assert all(named)
    assert [test for tests in named for test in tests if not (CHECKOUT / "tests" / test).exists()] == []


def test_the_page_of_events_is_what_the_code_says() -> None:
    assert events.PAGE.read_text() == events.page(), "run `make docs`"


def test_the_page_of_promises_is_what_the_marks_say() -> None:
    assert promises.PAGE.read_text() == promises.page(), "run `make docs`"
    known = {number for section in promises.sentences().values() for number in section}
    assert set(promises.marked()) <= known


def test_a_promise_is_marked_on_tests_and_not_on_whole_modules() -> None:
    assert promises.of_modules() == [], "mark the tests that hold it: @pytest.mark.promise(number)"


def test_the_page_of_the_tests_helpers_says_what_each_is_for() -> None:
    folder = CHECKOUT / "tests" / "support"
    said = dict(re.findall(r"^\| `(\w+)\.py` \| (.*) \|$", (folder / "README.md").read_text(), re.MULTILINE))
    docstrings = {file.stem: ast.get_docstring(ast.parse(file.read_text())) or "" for file in folder.glob("*.py")}

    assert said == {name: text.splitlines()[0] for name, text in docstrings.items()}


def test_the_folders_of_tests_are_named_like_packages() -> None:
    folders = {file.parent.relative_to(CHECKOUT / "tests").parts[:1] for file in CHECKOUT.glob("tests/**/test_*.py")}
    others = {"flows", "browser", "pages", "keycloak", "sandbox", "bench", "clients"}

    assert {folder for (folder,) in folders - {()}} - others <= set(PACKAGES)
    assert [file.name for file in CHECKOUT.glob("tests/*.py") if not re.match("test_|conftest", file.name)] == []
