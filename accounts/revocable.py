"""What the accounts themselves give out, and how it ends."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.models import MailedLink, Session
from accounts.sessions import Because, end_early
from accounts.sessions.ending import end_waiting, move_epoch
from foundation.declarations import Revocable, RevocationReason, Revoked


def _end_sessions(people: Sequence[UUID], reason: RevocationReason) -> Revoked:
    """The first class to end: their epoch moves with it, so that nothing judged before opens another."""
    move_epoch(people)
    live = Session.objects.live().filter(user__in=people).defer("session_data")
    return Revoked(count=end_early(live, because=Because(reason.value)))


def _end_waiting(people: Sequence[UUID], reason: RevocationReason) -> Revoked:
    unfinished = Session.objects.unfinished().filter(waiting_for__in=people)
    return Revoked(count=end_waiting(unfinished.defer("session_data"), because=Because(reason.value)))


def _end_links(people: Sequence[UUID], _reason: RevocationReason) -> Revoked:
    count, _ = MailedLink.objects.unended().filter(user__in=people).delete()
    return Revoked(count=count)


DECLARATIONS = [
    Revocable(
        name="sessions",
        label=_("Devices that are signed in"),
        end=_end_sessions,
        alive=lambda people: Session.objects.live().filter(user__in=people).count(),
    ),
    Revocable(
        name="waiting_sign_ins",
        label=_("Sign-ins that wait for a second factor"),
        end=_end_waiting,
        alive=lambda people: Session.objects.waiting().filter(waiting_for__in=people).count(),
    ),
    Revocable(
        name="mailed_links",
        label=_("Links in mails"),
        end=_end_links,
        alive=lambda people: MailedLink.objects.live().filter(user__in=people).count(),
    ),
]
