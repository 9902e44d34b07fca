"""Two pages of the admin: what is behind a reference, and leading a refused identity to the account it belongs to."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.mailing import mail
from accounts.models import User
from accounts.organizations import delegation
from accounts.organizations.middleware import afterwards
from accounts.sign_in.provider_names import name_of
from audit.context import ActorKind
from audit.reading import labels
from console.reauthentication import ask_for_fresh_proof
from console.references.finding import Found, account_of, find
from console.scope import actor, people_of
from foundation.references import read
from providers.models import RefusedIdentity
from providers.refused.leading import LONGEST_REASON, LeadRefused, Obstacle, lead, obstacle_to
from providers.refused.mending import mend_of


@require_safe
def find_view(request: HttpRequest) -> HttpResponseBase:
    """Show what is known of the refusal whose reference somebody brought, spelled in any way."""
    typed = request.GET.get("reference", "")
    reference = read(typed)
    found = find(request, admin.site, reference) if reference else []
    context = {
        **admin.site.each_context(request),
        "title": _("Find by reference"),
        "typed": typed.strip(),
        "reference": reference,
        "found": [_told(request, one) for one in found],
    }
    return TemplateResponse(request, "admin/find_reference.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def lead_view(request: HttpRequest, reference: str) -> HttpResponseBase:
    """Ask, and do it when it is confirmed with a reason."""
    reference = read(reference) or ""
    row = RefusedIdentity.objects.filter(reference=reference).first()
    account = account_of(request, admin.site, row.account) if row else None
    if row is None or (account is None and not actor(request).is_superuser):
        return _nothing_there(request, reference)
    if asked := ask_for_fresh_proof(request, back_to=request.path):
        return asked
    obstacle = obstacle_to(row, account, reference=reference, by=actor(request))
    if obstacle or account is None:
        return _refused(request, reference, LeadRefused(obstacle or Obstacle.ACCOUNT_GONE, account=row.account))
    reason = request.POST.get("reason", "").strip()
    if request.method != "POST" or not 0 < len(reason) <= LONGEST_REASON or "\0" in reason:
        return _asked(request, row, account, lacks_reason=request.method == "POST")
    try:
        lead(reference, by=actor(request), reason=reason)
    except LeadRefused as refused:
        return _refused(request, reference, refused)
    messages.success(request, _("Done. It leads to this account from now on, and all devices were signed out."))
    return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[account.pk]))


def _asked(request: HttpRequest, row: RefusedIdentity, account: User, *, lacks_reason: bool) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": _("Connect this identity to this account?"),
        "row": row,
        "provider": name_of(row.provider),
        "account": account,
        "known": [identity for identity in account.identities.order_by("id") if identity.provider == row.provider],
        "back": page_of(row.reference),
        "longest_reason": LONGEST_REASON,
        "lacks_reason": lacks_reason,
        "can_mail": mail.is_set_up(),
    }
    return TemplateResponse(request, "admin/lead_identity.html", context)


def _nothing_there(request: HttpRequest, reference: str) -> HttpResponse:
    """Say the same of a reference that never was and of one that is not the reader's; of one that was used, say so."""
    used = any(one.led for one in find(request, admin.site, reference))
    return _refused(request, reference, LeadRefused(Obstacle.USED if used else Obstacle.GONE))


def _refused(request: HttpRequest, reference: str, refused: LeadRefused) -> HttpResponse:
    if request.method == "POST":
        who, account = actor(request), refused.account and User.objects.filter(pk=refused.account).first()
        because = f"connect_{refused.obstacle.value}"
        afterwards(request, lambda: delegation.note_refusal(who, account or None, because=because))
    messages.error(request, _("Nothing was changed. %(why)s") % {"why": refused.obstacle.label})
    return HttpResponseRedirect(page_of(reference))


def page_of(reference: str) -> str:
    return f"{reverse('admin:find_reference')}?reference={reference}"


def _told(request: HttpRequest, found: Found) -> dict[str, Any]:
    """Return a refusal in the words of the page."""
    details = found.entry.details or {}
    came = found.came
    return {
        "found": found,
        "entry": found.entry,
        "happened": labels.happening(found.entry.action),
        "provider": name_of(details["provider"]) if details.get("provider") else "",
        "reason": labels.readable(str(details.get("reason", ""))).capitalize(),
        "code": details.get("reason", ""),
        "detail": details.get("detail", ""),
        "mend": mend_of(found.entry.action, str(details.get("reason", ""))),
        "came": came,
        "claims": sorted(came.claims.items()) if came else [],
        "can_lead": found.obstacle is None,
        "obstacle": found.obstacle.label if found.obstacle and found.is_clash and not found.led else "",
        "led_by": _led_by(request, found),
    }


def _led_by(request: HttpRequest, found: Found) -> str:
    """Name who led the identity, where it is somebody whom the reader finds."""
    if found.led is None or found.led.actor_kind != ActorKind.PERSON:
        return ""
    who = people_of(admin.site._registry[User], request).filter(pk=found.led.actor_id).first()  # noqa: SLF001  # Django's own way
    return str(who) if who else ""
