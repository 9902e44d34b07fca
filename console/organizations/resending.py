"""The action that resends many invitations: confirmed on a page, with a message for each kind of result."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Invitation
from accounts.models.invitation import UNDECIDED
from accounts.organizations import invitations
from accounts.organizations.invitations import REFUSED, InvitationRefusalReason, InvitationRefused
from console.scope import actor

MOST = 100  # mails of one request; a tenant may not send more in a day anyway


@admin.action(description=gettext_lazy("Send again…"), permissions=["send"])
def resend_chosen(
    model_admin: "admin.ModelAdmin[Invitation]", request: HttpRequest, chosen: QuerySet[Invitation]
) -> HttpResponse | None:
    """Show a confirmation, then resend. Invitations that were accepted or revoked meanwhile are left out."""
    waiting = list(chosen.filter(UNDECIDED).select_related("role", "tenant")[: MOST + 1])
    if len(waiting) > MOST:
        words = _("That are too many at once: choose at most %(most)d.") % {"most": MOST}
        model_admin.message_user(request, words, messages.ERROR)
        return None
    if not waiting:
        words = _("None of these waits for an answer: they were accepted or revoked. Nothing was sent.")
        model_admin.message_user(request, words, messages.WARNING)
        return None
    if "post" not in request.POST:
        context = {
            **model_admin.admin_site.each_context(request),
            "title": _("Send these invitations again?"),
            "opts": model_admin.opts,
            "waiting": waiting,
            "is_for_superusers": actor(request).is_superuser,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/accounts/invitation/resend_chosen.html", context)
    _resend(waiting, request, lambda words, level: model_admin.message_user(request, words, level))
    return None


def _resend(waiting: list[Invitation], request: HttpRequest, tell: Callable[[str, int], Any]) -> None:
    """Resend each invitation separately, so that the refusal of one does not affect the others."""
    refused: Counter[InvitationRefusalReason] = Counter()
    for invitation in waiting:
        try:
            invitations.resend(invitation, actor(request))
        except InvitationRefused as why:
            invitations.record_refusal(why, tenant_id=invitation.tenant_id)
            refused[why.reason] += 1
    sent = len(waiting) - refused.total()
    if sent:
        words = ngettext("%(sent)d invitation was sent again.", "%(sent)d invitations were sent again.", sent)
        tell(words % {"sent": sent}, messages.SUCCESS)
    for reason, count in refused.items():
        tell(f"{count}: {REFUSED[reason]}", messages.ERROR)
