"""No URL of an admin list causes a 500.

Any parameter of any list may contain text that the database cannot store (NUL), or that Python cannot parse as a number
or id. Lists, filters and parameters are read from the registry. What a list has of its own gets all of the nonsense.
Where all lists run the same code, each gets a part of it, and the lists together all of it, several times.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.test import Client
from django.urls import NoReverseMatch, reverse

from audit.reading.filters import TrailFilterForm
from tests.console.crawler import address, known_actions, registered
from tests.support.proven import proven
from tests.tenancy.conftest import Town

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

NONSENSE = {
    "NUL inside": "a%00b",
    "half a character": "%ED%A0%80",
    "a huge number": "9" * 40,
    "more digits than Python reads": "-" + "9" * 5000,
    "another script's digit": "%C2%B2",
    "nothing": "",
    "no id": "00000000-0000-0000-0000-00000000000g",
    "a place that is none": "after-x",
    "very long": "ab%20" * 2_000,
    "quotes": "%27%22%5C%25_%29;--",
    "a list": "1,,x,%00",
}
OF_EVERY_LIST = (
    SEARCH_VAR, ORDER_VAR, PAGE_VAR, ERROR_FLAG, ALL_VAR, "_facets", "_to_field", "_popup", "id__exact", "pk__in",
    "id__isnull", "nothing_like_it", "_changelist_filters", "from",
)  # fmt: skip


PARTS = 4  # one of so many is asked of what all lists share


def own_parameters(model_admin: ModelAdmin[Any]) -> Iterator[str]:
    """Return the parameters that the list of this model reads from its URL, beside those of every list."""
    for wanted in model_admin.list_filter:
        if isinstance(wanted, str):
            yield from (f"{wanted}__exact", f"{wanted}__isnull", wanted)
        elif isinstance(wanted, type) and issubclass(wanted, SimpleListFilter):
            yield str(wanted.parameter_name)
            yield f"{wanted.parameter_name}_called"
    if model_admin.date_hierarchy:
        yield from (f"{model_admin.date_hierarchy}__{part}" for part in ("year", "month", "day", "gte"))
    if model_admin.model._meta.label == "webhooks.Delivery":
        yield "webhook__id__exact"
    if model_admin.model._meta.label == "audit.Entry":
        yield from TrailFilterForm.base_fields


def lists() -> list[ModelAdmin[Any]]:
    return list(registered())


def questions(model_admin: ModelAdmin[Any], *, in_full: bool) -> Iterator[tuple[str, str]]:
    """Return pairs of a parameter and a kind of nonsense: of its own all, if ``in_full``, and of others a part."""
    own = set(own_parameters(model_admin))
    for number, (name, what) in enumerate(product(sorted({*OF_EVERY_LIST, *own}), NONSENSE)):
        if (in_full and name in own) or is_part(number, model_admin):
            yield name, what


def is_part(number: int, model_admin: ModelAdmin[Any]) -> bool:
    """Whether the list of this model is asked this one of the questions that all lists share."""
    return (number + lists().index(model_admin)) % PARTS == 0


@pytest.fixture(params=["root", "owner"])
def who(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def reader(request: pytest.FixtureRequest, who: str, town: Town) -> Client:
    return proven(request.getfixturevalue("root") if who == "root" else town.a.owner)


@pytest.mark.promise(43)
@pytest.mark.parametrize("model_admin", lists(), ids=lambda model_admin: model_admin.model._meta.label)
def test_no_parameter_of_a_list_breaks_it(reader: Client, who: str, model_admin: ModelAdmin[Any]) -> None:
    url = address(model_admin, "changelist")
    for name, what in questions(model_admin, in_full=who == "root"):
        answer = reader.get(f"{url}?{name}=1&{name}={NONSENSE[what]}")
        assert answer.status_code < 500, (name, what)


def test_the_lists_together_are_asked_everything() -> None:
    shared = {pair for model_admin in registered() for pair in questions(model_admin, in_full=False)}
    assert shared >= set(product(OF_EVERY_LIST, NONSENSE))


@pytest.mark.parametrize("what", NONSENSE)
def test_no_parameter_of_an_autocomplete_breaks_it(reader: Client, what: str) -> None:
    """The autocomplete of every relation, and its page parameter."""
    begin = list(NONSENSE).index(what)
    for model_admin in registered():
        meta = model_admin.model._meta
        for related in meta.get_fields():
            if related.is_relation and not related.auto_created:
                whole = {"app_label": meta.app_label, "model_name": str(meta.model_name), "field_name": related.name}
                for number, name in enumerate((*whole, "term", "page"), begin):
                    if name != "term" and not is_part(number, model_admin):
                        continue  # only the search for the term is each list's own
                    asked = {**whole, name: NONSENSE[what]}
                    query = "&".join(f"{key}={value}" for key, value in asked.items())
                    assert reader.get(f"/admin/autocomplete/?{query}").status_code < 500, query[:200]


@pytest.mark.parametrize("what", NONSENSE)
def test_no_object_id_and_no_posted_choice_causes_an_error(reader: Client, who: str, what: str) -> None:
    """The id in a path, the query of an export, and the values that the list's form posts."""
    for model_admin in registered():
        if who != "root" and not is_part(list(NONSENSE).index(what), model_admin):
            continue
        url = address(model_admin, "changelist")
        for path in (f"{NONSENSE[what][:500]}/change/", f"{NONSENSE[what][:500]}/history/"):
            assert reader.get(url + path).status_code < 500, (url, path)
        for action in known_actions(model_admin):
            posted = f"action={action}&_selected_action={NONSENSE[what]}&index={NONSENSE[what]}&select_across=1"
            answer = reader.post(url, posted, content_type="application/x-www-form-urlencoded")
            assert answer.status_code < 500, (url, action)
        try:
            export = reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_export", args=["csv"])
        except NoReverseMatch:
            continue
        names = (*OF_EVERY_LIST, *own_parameters(model_admin))
        query = "&".join(f"{name}={NONSENSE[what]}" for name in names)
        assert reader.post(f"{export}?{query}").status_code < 500, export


@pytest.mark.parametrize("what", NONSENSE)
def test_no_parameter_of_the_api_causes_an_error(reader: Client, what: str) -> None:
    for path in ("/api/v1/me", "/api/openapi.json", "/api/v1/", "/api/nothing"):
        for query in (f"?q={NONSENSE[what]}", f"?{NONSENSE[what]}=1", f"/{NONSENSE[what][:500]}"):
            assert reader.get(path + query).status_code < 500, path + query[:100]
