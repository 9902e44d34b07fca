"""Links in mails: unguessable, used once, ended early, kept as digests only."""

import hashlib
import secrets
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from accounts.mailing import mail
from accounts.models import MailedLink, Purpose, User

REPLACED = "replaced"  # by its owner: nobody has to be told why
OVERTAKEN = "account_changed"  # by a write that gave no reason of its own


class LinkExpired(Exception):
    """There is no such link any more, or never was one. ``because`` says why it ended early, where that is known."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.because = reason


def make(purpose: Purpose, *, email: str, lifetime: timedelta, user: User | None = None) -> str:
    """Make a link that lives for so many seconds, and return its token, which is kept nowhere: mail it.

    ``user`` is the person as they were when it was decided that they get one.
    """
    token = secrets.token_urlsafe(32)
    expires_at = timezone.now() + lifetime
    MailedLink.objects.create(
        digest=_digest(token),
        purpose=purpose,
        address=email,
        user=user,
        epoch=user.sign_in_epoch if user else None,
        expires_at=expires_at,
    )
    return token


def url(token: str) -> str:
    """Return what goes into the mail. Opening it changes nothing, for filters of mail open every link."""
    return mail.absolute(reverse("mailed-link", kwargs={"token": token}))


def find(token: str) -> MailedLink:
    """Return a link that can still be used, with its user. Raises LinkExpired."""
    link = MailedLink.objects.live().select_related("user").filter(digest=_digest(token)).first()
    if link is None or (link.user is not None and not link.user.is_active):
        raise LinkExpired(_expiry_reason(token))
    return link


def use(link: MailedLink) -> None:
    """Use a link, in the transaction of what it does, under the lock of its account. Raises LinkExpired.

    Of several at once one wins, and none wins against whoever has acted upon the person since it was made.
    """
    if not MailedLink.objects.live().filter(pk=link.pk).update(used_at=timezone.now()):
        unused = MailedLink.objects.filter(pk=link.pk, used_at=None, expires_at__gt=timezone.now()).first()
        raise LinkExpired((unused.ended_because or OVERTAKEN) if unused else "")


def expire(user: User, *purposes: Purpose, reason: str = REPLACED) -> int:
    """End a person's links for these purposes, and return how many could still have been used.

    Those of which nobody has to be told why are removed; the others stay until they expire, for their page.
    """
    live = MailedLink.objects.live().filter(user=user, purpose__in=purposes)
    return live.delete()[0] if reason == REPLACED else live.update(ended_because=reason)


def _expiry_reason(token: str) -> str:
    """Return why a link that is there still cannot be used, where its account was acted upon since it was made."""
    link = MailedLink.objects.filter(digest=_digest(token), used_at=None, expires_at__gt=timezone.now()).first()
    if link is None:
        return ""
    return link.ended_because or OVERTAKEN


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
