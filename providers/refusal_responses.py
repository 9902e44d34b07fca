"""The response to a refusal: a page, an entry in the trail and a line in the log, all with the same reference."""

import logging

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from accounts.sign_in import rate_limits
from accounts.sign_in.local import registration
from accounts.sign_in.provider_names import name_of
from audit.events import Event, record
from foundation.next_page import query
from providers import registry
from providers.buttons import buttons, page_with_buttons, start_url
from providers.flow import Flow, Process
from providers.identity import ExternalIdentity
from providers.page_texts import NOTHING_CHANGED, Text
from providers.refusal import RefusalReason, SignInRefused
from providers.refusal_pages import CHOOSE, NOT_CONFIRMED, NOT_SIGNED_IN, PAGES, PAGES_BY_ERROR
from providers.refused.storage import store

logger = logging.getLogger(__name__)

CLASH_STATUS = 409


def refuse(
    request: HttpRequest,
    provider_id: str,
    refused: SignInRefused,
    flow: Flow | None = None,
    *,
    external: ExternalIdentity | None = None,
) -> HttpResponse:
    """Record a refusal and return its page. Call this after the rollback of what was refused.

    ``flow`` is the refused attempt, if it is known, so that a retry has the same purpose. ``external`` is the identity
    that the provider vouched for, if it got that far.
    """
    if is_too_often(request):
        return rate_limits.too_many_requests(rate_limits.REFUSALS)
    page = PAGES_BY_ERROR.get(refused.error) or PAGES.get(refused.reason, NOT_CONFIRMED)
    record_refusal(page.event, provider_id, refused, external=external)
    if refused.reason is RefusalReason.EMAIL_OF_ANOTHER_ACCOUNT:
        return _clash_page(request, provider_id, refused, flow)
    context = {
        **page.context(provider=name_of(provider_id), day=_day(refused)),
        "reference": refused.reference,
        "detail": refused.detail if request.user.is_staff else "",
        **_ways_on(request, provider_id, flow, by_another=page.by_another or refused.error in CHOOSE),
    }
    if not page.can_retry:
        context["retry_url"] = ""
    if request.user.is_authenticated and page.meaning is NOT_SIGNED_IN:
        context["meaning"] = str(NOTHING_CHANGED)
    provider = registry.find(provider_id)
    leading_to = [provider] if provider else []
    return page_with_buttons(request, "providers/refusal.html", context, leading_to, status=page.status)


def _day(refused: SignInRefused) -> str:
    return date_format(localtime(refused.since), "j M Y") if refused.since else ""


def is_too_often(_request: HttpRequest) -> bool:
    """Count a refusal and return whether it is over the limit. It then leaves no entry, and no reference is shown.

    Only refusals are counted, so people who share an IP address with an attacker can still sign in.
    """
    return not rate_limits.may_leave_entry()


def record_refusal(
    event: Event, provider_id: str, refused: SignInRefused, *, external: ExternalIdentity | None = None
) -> None:
    """Record and log a refusal, with the reference that its page shows.

    The entry refers to the row with the identity that was refused, so that a lookup by reference finds it.
    """
    with transaction.atomic():
        record(
            event,
            person=refused.person,
            object=store(refused, external) if external else None,
            provider=provider_id,
            reason=refused.reason.value,
            reference=refused.reference,
            detail=refused.detail,
        )
    logger.warning(
        "refused: provider=%s reason=%s reference=%s detail=%s",
        provider_id, refused.reason.value, refused.reference, refused.detail,
    )  # fmt: skip


def _ways_on(request: HttpRequest, provider_id: str, flow: Flow | None, *, by_another: bool) -> dict[str, object]:
    """Return the links to try again, and to the page with other methods."""
    is_inside = request.user.is_authenticated
    label = _("Use another account at %(provider)s") if by_another else _("Try again with %(provider)s")
    page, other_label = _elsewhere(flow, is_inside=is_inside)
    return {
        "retry_url": _again(provider_id, flow, by_another=by_another),
        "retry_label": label % {"provider": name_of(provider_id)},
        "other_url": reverse(page) + (query(flow.next, stay=flow.stays) if flow else ""),
        "other_label": other_label,
    }


def _elsewhere(flow: Flow | None, *, is_inside: bool) -> tuple[str, Text]:
    """Return the name of the page with other methods for the same purpose, and the label of its link."""
    if not is_inside:
        return "account_login", _("Use another sign-in method")
    if flow and flow.process is Process.REAUTHENTICATE and flow.next:
        return "reauthenticate", _("Show it in another way")
    return "connections", _("Back to your sign-in methods")


def _again(provider_id: str, flow: Flow | None, *, by_another: bool) -> str:
    """Return the URL that starts the same attempt again, or "" if the provider is not enabled."""
    provider = registry.find(provider_id)
    if provider is None:
        return ""
    flow = flow or Flow(provider=provider_id, process=Process.SIGN_IN)
    another = by_another or flow.another
    return start_url(provider, process=flow.process, next_url=flow.next, stay=flow.stays, another=another)


def _clash_page(request: HttpRequest, provider_id: str, refused: SignInRefused, flow: Flow | None) -> HttpResponse:
    """Explain that the email address belongs to an account, why that does not open it, and what to do instead.

    The page offers all of the site's sign-in methods, whatever the account has: a stranger who presents the address
    must not learn which of them open the account.
    """
    onward = reverse("connections") + (query(flow.next, stay=False) if flow else "")
    others = buttons(
        request, next_url=onward, among=[provider for provider in registry.listed() if provider.id != provider_id]
    )
    context = {
        "provider": {"id": provider_id, "name": name_of(provider_id)},
        "ways": others,
        "local_url": reverse("local-sign-in") + query(onward, stay=False) if registration.is_on() else "",
        "reference": refused.reference,
        "another_url": _again(provider_id, flow, by_another=True),
    }
    return page_with_buttons(request, "providers/clash.html", context, others, status=CLASH_STATUS)
