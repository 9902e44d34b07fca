"""Sessions: browsers that are signed in, or about to be."""

import hashlib
import re

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Value
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User

KEY = re.compile(r"[a-z0-9]{32}\Z")  # the key in a browser's cookie; the key of a row never looks like that
DIGITS = 40  # hexadecimal digits of a row's key: 160 bits, as many as are random in a browser's key
PUBLIC_DIGITS = 16


def row_key(key: str | None) -> str:
    """Return the key of a session's row: a one-way digest of the key in the browser (ADR 34).

    A row's key is returned unchanged. For no key, this returns the key of no row.
    """
    if key and KEY.match(key):
        return hashlib.sha256(key.encode()).hexdigest()[:DIGITS]
    return key or ""


class SessionQuerySet(models.QuerySet["Session"]):
    def of_browser(self, key: str | None) -> "SessionQuerySet":
        """Return the session of the browser with this key."""
        return self.filter(session_key=row_key(key))

    def live(self) -> "SessionQuerySet":
        """Return the sessions that have not expired, the most recently used first."""
        return self.filter(expire_date__gt=timezone.now()).order_by("-last_seen_at")

    def unfinished(self) -> "SessionQuerySet":
        """Return sign-ins that wait for a second factor and were not cancelled, whatever the epoch of their start."""
        return self.live().filter(user=None, waiting_for__isnull=False, waiting_cancelled="")

    def waiting(self) -> "SessionQuerySet":
        """Return the waiting sign-ins that a second factor would turn into a session."""
        in_epoch = models.Q(waiting_epoch=models.F("waiting_for__sign_in_epoch"))
        never_moved = models.Q(waiting_epoch=None, waiting_for__sign_in_epoch=None)
        return self.unfinished().filter(in_epoch | never_moved)


class Session(AbstractBaseSession):
    """A session with its person, so that a person's sessions can be listed and revoked.

    ``expire_date`` is when it ends without use: ``idle`` after ``last_seen_at``, but not later than ``ends_at``.
    ``active_tenant`` is the tenant that the person chose. ``pinned_tenant`` is the one whose connection opened the
    session, which reaches that tenant alone (ADR 73). At the first use after ``revalidate_at``, its providers are asked
    whether their sessions still exist; since ``unverified_since`` it is unknown whether one does (ADR 35).

    A row without ``user`` may be a sign-in that waits for its second factor: of the person ``waiting_for``, through an
    identity, verified in an epoch. ``waiting_cancelled`` is why it was cancelled; the row stays, so that the pages can
    tell the browser (ADR 28).

    ``client_sid`` identifies the session to clients, once one was authorized in it (``accounts.sessions.client_sid``).

    ``not_before`` is the person's when the session was opened. The session is valid while both are equal (ADR 42).

    ``session_key`` is ``row_key`` of the key in the browser, so that reading the table takes over no session (ADR 34).
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="sessions", verbose_name=_("user"))
    created_at = models.DateTimeField(_("signed in"), db_default=Now(), editable=False)
    last_seen_at = models.DateTimeField(_("last seen"), db_default=Now())
    provider = models.CharField(_("provider"), max_length=32, blank=True, db_default="")
    is_remembered = models.BooleanField(_("kept in the browser"), default=False, db_default=False)
    idle = models.DurationField(_("ends without use after"), null=True, editable=False)
    ends_at = models.DateTimeField(_("ends at the latest"), null=True, editable=False)
    active_tenant = models.UUIDField(_("organization"), null=True, editable=False)
    pinned_tenant = models.UUIDField(_("pinned to"), null=True, editable=False)
    not_before = models.DateTimeField(_("given under"), null=True, editable=False)
    upstream_sid = models.CharField(_("session at the provider"), max_length=255, blank=True, db_default="")
    upstream_sessions = models.JSONField(  # all that it tracks: accounts.sessions.upstream_tracking
        _("sessions at providers"), default=list, db_default=Value([], models.JSONField()), editable=False
    )
    revalidate_at = models.DateTimeField(_("its providers are asked again"), null=True, editable=False)
    unverified_since = models.DateTimeField(_("may be over at its provider since"), null=True, editable=False)
    client_sid = models.CharField(max_length=40, blank=True, db_default="", editable=False)
    ip_address = models.GenericIPAddressField(_("IP address"), null=True)
    user_agent = models.CharField(_("browser"), max_length=400, blank=True, db_default="")

    waiting_for = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        null=True,
        editable=False,
        db_index=False,
        related_name="waiting_sign_ins",
        verbose_name=_("person who signs in"),
    )
    waiting_identity_id = models.BigIntegerField(_("identity of the first proof"), null=True, editable=False)
    waiting_epoch = models.DateTimeField(_("epoch of the first proof"), null=True, editable=False)
    waiting_cancelled = models.CharField(
        _("reason for cancelling"), max_length=40, blank=True, db_default="", editable=False
    )

    objects = SessionQuerySet.as_manager()  # type: ignore[assignment,misc]  # Django's creates and encodes; our store does

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        indexes = (
            models.Index(fields=["upstream_sid"], condition=~models.Q(upstream_sid=""), name="session_of_upstream_sid"),
            GinIndex(
                fields=["upstream_sessions"],
                opclasses=["jsonb_path_ops"],
                condition=~models.Q(upstream_sessions=[]),
                name="session_follows",
            ),
            models.Index(fields=["ip_address"], name="session_ip_address"),
            models.Index(fields=["created_at"], name="session_created"),
            models.Index(
                fields=["waiting_for"], condition=models.Q(waiting_for__isnull=False), name="session_waiting_for"
            ),
        )

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """The id of the session on pages, in URLs and in the trail."""
        return row_key(self.session_key)[:PUBLIC_DIGITS]

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """Return the session engine's store, imported by name as Django does, because the engine imports this model."""
        store: type[SessionBase] = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
        return store
