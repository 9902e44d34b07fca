"""Links in mails: unguessable, used once, revocable, stored only as digests."""

import hashlib
import secrets
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from accounts.mailing import mail
from accounts.models import MailedLink, Purpose, User

REPLACED = "replaced"  # by its owner, who needs no explanation
OVERTAKEN = "account_changed"  # by a change of the account that stated no reason


class LinkExpired(Exception):
    """The link does not exist or can no longer be used. ``reason`` says why it ended early, if that is known."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


def make(purpose: Purpose, *, email: str, lifetime: timedelta, user: User | None = None) -> str:
    """Create a link that expires after ``lifetime``, and return its token, which is not stored: mail it.

    ``user`` is the account as it was read when sending the link was decided: the link is bound to its epoch.
    """
    token = secrets.token_urlsafe(32)
    expires_at = timezone.now() + lifetime
    MailedLink.objects.create(
        digest=_digest(token),
        purpose=purpose,
        email=email,
        user=user,
        epoch=user.sign_in_epoch if user else None,
        expires_at=expires_at,
    )
    return token


def url(token: str) -> str:
    """Return the URL for the mail. A GET of it changes nothing, because mail filters open every link."""
    return mail.absolute(reverse("mailed-link", kwargs={"token": token}))


def find(token: str) -> MailedLink:
    """Return the link with its user, if it can still be used. Raises LinkExpired."""
    link = MailedLink.objects.live().select_related("user").filter(digest=_digest(token)).first()
    if link is None or (link.user is not None and not link.user.is_active):
        raise LinkExpired(_expiry_reason(token))
    return link


def use(link: MailedLink) -> None:
    """Mark a link as used, in the transaction of what it does and under the lock of its account. Raises LinkExpired.

    Of concurrent uses one succeeds. None succeeds if the link depends on the account's epoch and that has moved.
    """
    if not MailedLink.objects.live().filter(pk=link.pk).update(used_at=timezone.now()):
        unused = MailedLink.objects.filter(pk=link.pk, used_at=None, expires_at__gt=timezone.now()).first()
        raise LinkExpired((unused.expiry_reason or OVERTAKEN) if unused else "")


def expire(user: User, *purposes: Purpose, reason: str = REPLACED) -> int:
    """Revoke a person's links for these purposes, and return how many could still have been used.

    Replaced links are deleted. With any other reason they stay until they expire, so that their page can show it.
    """
    live = MailedLink.objects.live().filter(user=user, purpose__in=purposes)
    return live.delete()[0] if reason == REPLACED else live.update(expiry_reason=reason)


def _expiry_reason(token: str) -> str:
    """Return why an unexpired link cannot be used, or nothing if there is no such link."""
    link = MailedLink.objects.filter(digest=_digest(token), used_at=None, expires_at__gt=timezone.now()).first()
    if link is None:
        return ""
    return link.expiry_reason or OVERTAKEN


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
