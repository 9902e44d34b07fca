"""Lists that are not counted show every row once, in order, in both directions and from any position."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts.models import Identity, User
from audit.models import Entry
from foundation.estimates import estimate, rounded
from tests.console.lists.conftest import PEOPLE, Crowd, uncounted

NEWEST, BY_NAME, BY_ADDRESS = "-6", "1", "-2"  # columns of the list, the checkbox being the first


def page(client: Client, path: str = PEOPLE, **query: str) -> Any:
    answer = client.get(path, query)
    assert answer.status_code == 200
    return answer.context["cl"]


def walk(client: Client, link: str, **query: str) -> list[list[Any]]:
    """Follow a link from page to page until there is none, and return the pages' rows."""
    pages = []
    while True:
        shown = page(client, **query)
        pages.append([row.pk for row in shown.result_list])
        address = getattr(shown, link)
        if not address:
            return pages
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@pytest.mark.parametrize("order", [{}, {"o": NEWEST}, {"o": BY_NAME}, {"o": BY_ADDRESS}])
def test_paging_forwards_and_backwards_shows_every_row_once_in_order(
    administrator: Client, crowd: Crowd, order: dict[str, str]
) -> None:
    crowd(130)
    forth = walk(administrator, "next_link", **order)
    back = walk(administrator, "previous_link", p="before", **order)
    rows = [pk for page in forth for pk in page]

    assert [len(page) for page in forth] == [50, 50, 31]
    assert sorted(rows) == sorted(User.objects.values_list("pk", flat=True))
    assert [pk for page in reversed(back) for pk in page][-50:] == rows[-50:]
    assert back[-1] == forth[0], "the first page is whole, whatever leads to it"


def test_rows_are_in_the_requested_order(administrator: Client, crowd: Crowd) -> None:
    crowd(20)

    names = [user.name for user in page(administrator, o=BY_NAME).result_list]
    addresses = [user.email or "" for user in page(administrator, o=BY_ADDRESS).result_list]
    assert names == sorted(names)
    assert addresses == sorted(addresses, reverse=True)


def test_pages_keep_search_and_filters(administrator: Client, crowd: Crowd) -> None:
    crowd(1000)
    pages = walk(administrator, "next_link", q="Person 3", email_verified__exact="1")

    assert [pk for rows in pages for pk in rows] == list(
        User.objects.filter(name="Person 3", email_verified=True)
        .order_by("-created_at", "-pk")
        .values_list("pk", flat=True)
    )


def test_no_page_counts_without_a_limit(administrator: Client, crowd: Crowd) -> None:
    people = crowd(150)
    with uncounted():
        first = page(administrator)
        page(administrator, p=f"after-{people[70].pk}")
        page(administrator, p="before", o=BY_NAME)
        page(administrator, q="person0", is_active__exact="1")
        page(administrator, "/admin/accounts/identity/")
        page(administrator, "/admin/audit/entry/")

    assert first.total == "151", "so few are counted, up to a limit"


def test_a_list_that_fits_on_one_page_has_an_exact_count_and_no_links(administrator: Client, crowd: Crowd) -> None:
    crowd(30)
    shown = page(administrator)

    assert (shown.total, shown.is_exact, shown.next_link, shown.previous_link) == ("31", True, "", "")


def test_a_column_without_an_index_sorts_nothing(administrator: Client, crowd: Crowd) -> None:
    crowd(10)

    assert page(administrator, o="3").order == page(administrator).order
    assert page(administrator, o="99.-1").order == page(administrator).order
    assert page(administrator, o="1.2").order == page(administrator, o="1").order


@pytest.mark.parametrize(
    "place", ["7", "after-nonsense", "before-7", "sideways-1", "after-8f14e45f-ceea-467a-9a36-dedd4bea2543"]
)
def test_an_invalid_position_shows_the_first_page(administrator: Client, crowd: Crowd, place: str) -> None:
    crowd(120)
    answer = administrator.get(PEOPLE, {"p": place}, follow=True)

    assert [row.pk for row in answer.context["cl"].result_list] == [row.pk for row in page(administrator).result_list]


def test_the_trail_is_paged_by_its_ids(administrator: Client, crowd: Crowd) -> None:
    crowd(120)
    newest = page(administrator, "/admin/audit/entry/")
    second = page(administrator, "/admin/audit/entry/", p=f"after-{newest.result_list[-1].pk}")

    numbers = [entry.pk for shown in (newest, second) for entry in shown.result_list]
    assert numbers == list(Entry.objects.order_by("-id").values_list("pk", flat=True)[:100])


def test_autocompletes_know_of_a_next_page_without_counting(administrator: Client, crowd: Crowd) -> None:
    crowd(30)
    asked = {"app_label": "accounts", "model_name": "membership", "field_name": "user", "term": "person0"}
    with uncounted():
        first = administrator.get("/admin/autocomplete/", asked).json()
        second = administrator.get("/admin/autocomplete/", {**asked, "page": "2"}).json()

    assert [len(answer["results"]) for answer in (first, second)] == [20, 10]
    assert [answer["pagination"]["more"] for answer in (first, second)] == [True, False]
    assert administrator.get("/admin/autocomplete/", {**asked, "page": "101"}).status_code == 404


def test_deleting_the_selected_rows_is_not_offered(administrator: Client, crowd: Crowd) -> None:
    (person,) = crowd(1)
    posted = {"action": "delete_selected", "_selected_action": [str(person.pk)], "select_across": "1"}
    administrator.post(PEOPLE, {**posted, "index": "0"})
    administrator.post(PEOPLE, {**posted, "post": "yes"})

    assert User.objects.filter(pk=person.pk).exists()
    assert "delete_selected" not in administrator.get(PEOPLE).content.decode()


def test_facets_cannot_be_requested_because_they_count(administrator: Client, crowd: Crowd) -> None:
    crowd(5)
    with uncounted():
        assert not page(administrator, _facets="True").add_facets


def test_identities_are_listed_newest_first(administrator: Client, crowd: Crowd) -> None:
    for number, person in enumerate(crowd(3)):
        Identity.objects.create(user=person, provider="google", issuer="https://i", subject=f"s{number}")

    assert [row.subject for row in page(administrator, "/admin/accounts/identity/").result_list] == ["s2", "s1", "s0"]


@pytest.mark.parametrize(("count", "shown"), [(7, 7), (99, 99), (1_003_412, 1_000_000), (15_623, 16_000)])
def test_an_estimate_does_not_look_exact(count: int, shown: int) -> None:
    assert rounded(count) == shown


def test_a_query_that_matches_no_row_is_estimated_as_zero(db: None) -> None:
    assert estimate(User.objects.filter(pk__in=[])) == estimate(Entry.objects.none()) == 0
    assert estimate(User.objects.all()) > 0
