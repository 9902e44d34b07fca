"""The classes of credentials that the accounts issue, and how they are revoked."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.models import MailedLink, Session
from accounts.sessions import SessionRevocationReason, revoke
from accounts.sessions.revocation import cancel_waiting, move_epoch
from foundation.declarations import Revocable, RevocationReason, RevocationResult


def _revoke_sessions(people: Sequence[UUID], reason: RevocationReason) -> RevocationResult:
    """Revoke the sessions. This class comes first and moves the epoch, so that no earlier sign-in opens another."""
    move_epoch(people)
    live = Session.objects.live().filter(user__in=people).defer("session_data")
    return RevocationResult(count=revoke(live, reason=SessionRevocationReason(reason.value)))


def _end_waiting(people: Sequence[UUID], reason: RevocationReason) -> RevocationResult:
    unfinished = Session.objects.unfinished().filter(waiting_for__in=people).defer("session_data")
    return RevocationResult(count=cancel_waiting(unfinished, reason=SessionRevocationReason(reason.value)))


def _end_links(people: Sequence[UUID], _reason: RevocationReason) -> RevocationResult:
    count, _ = MailedLink.objects.unexpired().filter(user__in=people).delete()
    return RevocationResult(count=count)


DECLARATIONS = [
    Revocable(
        name="sessions",
        label=_("Devices that are signed in"),
        revoke=_revoke_sessions,
        alive=lambda people: Session.objects.live().filter(user__in=people).count(),
    ),
    Revocable(
        name="waiting_sign_ins",
        label=_("Sign-ins that wait for a second factor"),
        revoke=_end_waiting,
        alive=lambda people: Session.objects.waiting().filter(waiting_for__in=people).count(),
    ),
    Revocable(
        name="mailed_links",
        label=_("Links in mails"),
        revoke=_end_links,
        alive=lambda people: MailedLink.objects.live().filter(user__in=people).count(),
    ),
]
