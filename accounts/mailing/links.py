"""Links in mails: unguessable, used once, ended early, kept as digests only."""

import hashlib
import secrets
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from accounts.mailing import mail
from accounts.models import MailedLink, Purpose, User


class LinkDead(Exception):
    """There is no such link any more, or never was one."""


def make(purpose: Purpose, *, address: str, lifetime: int, user: User | None = None) -> str:
    """Make a link that lives for so many seconds, and return its token, which is kept nowhere: mail it."""
    token = secrets.token_urlsafe(32)
    expires_at = timezone.now() + timedelta(seconds=lifetime)
    MailedLink.objects.create(digest=_digest(token), purpose=purpose, address=address, user=user, expires_at=expires_at)
    return token


def url(token: str) -> str:
    """Return what goes into the mail. Opening it changes nothing, for filters of mail open every link."""
    return mail.absolute(reverse("mailed-link", kwargs={"token": token}))


def find(token: str) -> MailedLink:
    """Return a link that can still be used, with its user. Raises LinkDead."""
    link = MailedLink.objects.live().select_related("user").filter(digest=_digest(token)).first()
    if link is None or (link.user is not None and not link.user.is_active):
        raise LinkDead
    return link


def use(link: MailedLink) -> None:
    """Use a link, in the transaction of what it does. Of several at once one wins. Raises LinkDead."""
    if not MailedLink.objects.live().filter(pk=link.pk).update(used_at=timezone.now()):
        raise LinkDead


def drop(user: User, *purposes: Purpose) -> int:
    """End a person's links for these purposes, and return how many could still have been used."""
    count, _ = MailedLink.objects.live().filter(user=user, purpose__in=purposes).delete()
    return count


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
