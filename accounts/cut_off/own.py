"""What the accounts themselves give out, and how it ends."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.cut_off.credentials import Credentials, Ended, register
from accounts.models import MailedLink, Session
from accounts.sessions import Because, end_early


def _end_sessions(people: Sequence[UUID], because: Because) -> Ended:
    live = Session.objects.live().filter(user__in=people).defer("session_data")
    return Ended(count=end_early(live, because=because))


def _end_links(people: Sequence[UUID], _because: Because) -> Ended:
    count, _ = MailedLink.objects.live().filter(user__in=people).delete()
    return Ended(count=count)


register(
    Credentials(
        name="sessions",
        label=_("Devices that are signed in"),
        end=_end_sessions,
        alive=lambda people: Session.objects.live().filter(user__in=people).count(),
    ),
    Credentials(
        name="mailed_links",
        label=_("Links in mails"),
        end=_end_links,
        alive=lambda people: MailedLink.objects.live().filter(user__in=people).count(),
    ),
)
