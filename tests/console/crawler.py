"""Crawls the whole admin as one user: every URL, action, autocomplete and form.

It reads the admin's registry, so models that are registered later are crawled too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from console.lists.export import FORMATS

Fields = dict[str, list[str]]
MOST_SEARCHED = 3  # objects for which an export is filtered
MOST_PAGES = 500  # more pages are a mistake of the crawler, which would then miss the rest
RETURN = "_changelist_filters"  # the list to return to: it does not change the page


@dataclass
class Form:
    """A form as a browser would post it, with the choices of each field."""

    values: Fields = field(default_factory=dict)
    boxes: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(told.get("href", ""))
        elif tag == "form":
            self.forms.append(Form())
        elif self.forms and tag in {"input", "select", "textarea"} and told.get("name"):
            self._field(tag, told)
        elif tag == "option" and self._select and "selected" in told:
            self.forms[-1].values.setdefault(self._select, []).append(told.get("value", ""))

    def _field(self, tag: str, told: dict[str, str]) -> None:
        form, name, kind = self.forms[-1], told["name"], told.get("type", "")
        if tag == "select":
            self._select = name
            form.choices.append(name)
        elif kind == "checkbox":
            form.boxes.append(name)
            if "checked" in told:
                form.values[name] = [told.get("value", "on")]
        elif kind != "submit":
            form.values[name] = [told.get("value", "")]


@dataclass
class Crawl:
    """The crawl of one user. It stores every response with its URL."""

    client: Client
    answers: list[tuple[str, HttpResponse]] = field(default_factory=list)

    def get(self, url: str) -> HttpResponse:
        return self._keep(f"GET {url}", self.client.get(url))

    def post(self, url: str, values: Fields) -> HttpResponse:
        return self._keep(f"POST {url} {values}", self.client.post(url, values))

    def follow_links(self) -> None:
        """Follow every link, starting from the first page.

        Each list is filtered, sorted and paged in every way, but only one at a time: two filters show no row that one
        of them does not show.
        """
        seen, waiting = set[str](), ["/admin/"]
        while waiting:
            url = waiting.pop(0)
            if url in seen or "logout" in url:
                continue
            assert len(seen) < MOST_PAGES, "there are more pages than the crawl can see"
            seen.add(url)
            response = self.get(url)
            if response.status_code == 200 and "html" in response.headers.get("Content-Type", ""):
                waiting += _onward(url, Page(response.content.decode()).links)

    def knock_at(self, model_admin: ModelAdmin[Any], objects: list[Model]) -> dict[Model, list[str]]:
        """Try every URL of each object, and return those that were answered with a page."""
        opened: dict[Model, list[str]] = {}
        for name, argument in _addresses_of_objects(model_admin):
            for obj in objects:
                url = reverse(f"admin:{name}", kwargs={argument: obj.pk})
                if self.get(url).status_code == 200:
                    opened.setdefault(obj, []).append(name)
                self.post(url, {"post": ["yes"]})
        return opened

    def export(self, model_admin: ModelAdmin[Any], objects: list[Model]) -> None:
        """Export the whole list in each format, and the results of a search for each object."""
        for pattern in model_admin.get_urls():
            if "form" in pattern.pattern.converters:
                for form in FORMATS:
                    url = reverse(f"admin:{pattern.name}", kwargs={"form": form})
                    for query in ("", *(f"?q={obj.pk}" for obj in objects[:MOST_SEARCHED])):
                        self.post(f"{url}{query}", {})

    def use_lists(self, model_admin: ModelAdmin[Any], objects: list[Model], *, across: bool) -> None:
        """Search for each object, filter by it, and try every action on these objects and on the whole list."""
        url = address(model_admin, "changelist")
        keys = [str(obj.pk) for obj in objects]
        for key in keys if not across else ():
            self.get(f"{url}?q={key}")
            self.get(f"{url}?id__exact={key}")
        for action in [*known_actions(model_admin), "delete_selected"]:
            chosen = {"action": [action], "_selected_action": keys, "select_across": ["1" if across else "0"]}
            self.post(url, chosen)
            self.post(url, {**chosen, "post": ["yes"]})

    def complete(self, terms: list[str]) -> None:
        """Request the choices of every autocomplete."""
        for model in admin.site._registry:  # noqa: SLF001  # as Django does
            for related in model._meta.get_fields():
                if related.is_relation and not related.auto_created:
                    asked = {
                        "app_label": model._meta.app_label,
                        "model_name": model._meta.model_name or "",
                        "field_name": related.name,
                    }
                    for term in terms:
                        query = "&".join(f"{name}={value}" for name, value in {**asked, "term": term}.items())
                        self.get(f"/admin/autocomplete/?{query}")

    def fill_in_everything(self, url: str, keys: list[str]) -> None:
        """Post a page's form with every box ticked and every choice set to an object that the user may not choose."""
        response = self.get(url)
        if response.status_code != 200 or "html" not in response.headers.get("Content-Type", ""):
            return
        for form in Page(response.content.decode()).forms:
            self.post(url, {**form.values, **{box: ["on"] for box in form.boxes if not box.endswith("-DELETE")}})
            self.post(url, {**form.values, "is_superuser": ["on"], "is_staff": ["on"], "is_active": ["on"]})
            for choice in form.choices:
                for key in keys:
                    self.post(url, {**form.values, choice: [key]})

    def _keep(self, what: str, response: Any) -> HttpResponse:
        if getattr(response, "streaming", False):
            response.streaming_content = [response.getvalue()]  # consumed now, with today's data
        self.answers.append((what, response))
        return response  # type: ignore[no-any-return]  # the test client's own kind of response


def _onward(url: str, links: list[str]) -> Iterator[str]:
    here = urlsplit(url)
    for link in links:
        there = urlsplit(urljoin(url, link))
        if not there.path.startswith("/admin/") or (here.query and there.path == here.path):
            continue
        query = [(name, value) for name, value in parse_qsl(there.query, keep_blank_values=True) if name != RETURN]
        yield f"{there.path}?{urlencode(query)}" if query else there.path


def _addresses_of_objects(model_admin: ModelAdmin[Any]) -> Iterator[tuple[str, str]]:
    """Yield the name and argument of every URL with an object's key, both Django's and ours."""
    for pattern in model_admin.get_urls():
        arguments = pattern.pattern.converters
        if pattern.name and len(arguments) == 1 and "form" not in arguments:
            yield pattern.name, next(iter(arguments))


def address(model_admin: ModelAdmin[Any], name: str, obj: Model | None = None) -> str:
    meta = model_admin.model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{name}", args=[obj.pk] if obj else [])


def registered() -> Iterator[ModelAdmin[Any]]:
    yield from admin.site._registry.values()  # noqa: SLF001  # as Django does


def known_actions(model_admin: ModelAdmin[Any]) -> list[str]:
    """Return all actions of a ModelAdmin, for any user."""
    base: Any = model_admin._get_base_actions  # type: ignore[attr-defined]  # noqa: SLF001  # before permissions filter them
    return [name for _, name, _ in base()]


def body(response: HttpResponse) -> str:
    if getattr(response, "streaming", False):
        return b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    return response.content.decode(errors="replace")
