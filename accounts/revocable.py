"""What the accounts themselves give out, and how it ends."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.cut_off.credentials import Credentials, Ended, register
from accounts.models import MailedLink, Session
from accounts.sessions import Because, end_early
from accounts.sessions.ending import end_waiting, move_epoch


def _end_sessions(people: Sequence[UUID], because: Because) -> Ended:
    """The first class to end: their epoch moves with it, so that nothing judged before opens another."""
    move_epoch(people)
    live = Session.objects.live().filter(user__in=people).defer("session_data")
    return Ended(count=end_early(live, because=because))


def _end_waiting(people: Sequence[UUID], because: Because) -> Ended:
    unfinished = Session.objects.unfinished().filter(waiting_for__in=people)
    return Ended(count=end_waiting(unfinished.defer("session_data"), because=because))


def _end_links(people: Sequence[UUID], _because: Because) -> Ended:
    count, _ = MailedLink.objects.unended().filter(user__in=people).delete()
    return Ended(count=count)


register(
    Credentials(
        name="sessions",
        label=_("Devices that are signed in"),
        end=_end_sessions,
        alive=lambda people: Session.objects.live().filter(user__in=people).count(),
    ),
    Credentials(
        name="waiting_sign_ins",
        label=_("Sign-ins that wait for a second factor"),
        end=_end_waiting,
        alive=lambda people: Session.objects.waiting().filter(waiting_for__in=people).count(),
    ),
    Credentials(
        name="mailed_links",
        label=_("Links in mails"),
        end=_end_links,
        alive=lambda people: MailedLink.objects.live().filter(user__in=people).count(),
    ),
)
