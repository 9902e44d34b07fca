"""The buttons that lead to providers, and the CSP ``form-action`` that a page with such buttons needs."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from foundation.cookies import cookie_name
from foundation.next_page import query, wants_another, wants_to_stay
from foundation.public_url import is_elsewhere
from providers import registry
from providers.base import Provider
from providers.flow import Process

LAST_USED = cookie_name("last_provider")  # only orders the buttons; nothing is decided by it


class Leading(Protocol):
    """What leads to a provider's pages, at these origins."""

    @property
    def origins(self) -> Collection[str]: ...


@dataclass(frozen=True, kw_only=True)
class Button:
    id: str
    name: str
    start_url: str
    is_last_used: bool
    is_down: bool
    origins: frozenset[str]
    hint: str = ""


def buttons(
    request: HttpRequest,
    *,
    process: Process = Process.SIGN_IN,
    next_url: str = "",
    among: Iterable[Provider] | None = None,
    another: bool = False,
) -> list[Button]:
    """Return a button for each provider, by default those for everybody, the one last used in this browser first.

    With ``another``, or if the request asks for it, each button lets the person choose an account at the provider.
    """
    last = request.COOKIES.get(LAST_USED)
    stay = wants_to_stay(request)
    another = another or wants_another(request)
    found = [
        Button(
            id=provider.id,
            name=provider.name,
            start_url=start_url(provider, process=process, next_url=next_url, stay=stay, another=another),
            is_last_used=provider.id == last,
            is_down=provider.is_down,
            origins=frozenset(provider.origins),
            hint=str(provider.how_to_choose) if another else "",
        )
        for provider in (registry.listed() if among is None else among)
    ]
    return sorted(found, key=lambda button: not button.is_last_used)


def start_url(
    provider: Provider,
    *,
    process: Process = Process.SIGN_IN,
    next_url: str = "",
    stay: bool = False,
    another: bool = False,
) -> str:
    path = reverse("provider-start", kwargs={"provider_id": provider.id})
    what_for = "" if process is Process.SIGN_IN else process.value
    return path + query(next_url, stay=stay, another=another, process=what_for)


def page_with_buttons(
    request: HttpRequest, template: str, context: dict[str, Any], leading_to: Iterable[Leading], *, status: int = 200
) -> HttpResponse:
    """Render a page whose forms may redirect to some providers, given as buttons or as they are.

    Browsers apply the page's ``form-action`` to the redirects after a form too, so ``'self'`` alone would block
    them (Content Security Policy Level 3, section 6.3.1). Other providers are not listed: the header would tell
    everybody which there are.
    """
    response = render(request, template, context, status=status)
    origins = {origin for one in leading_to for origin in one.origins}
    let_forms_lead_to(response, origins | ({settings.PUBLIC_URL} if is_elsewhere(request) else set()))
    return response


def let_forms_lead_to(response: HttpResponse, origins: Iterable[str]) -> None:
    response._csp_update = {"form-action": sorted(origins)}  # type: ignore[attr-defined]  # noqa: SLF001  # as django-csp's own decorators do
