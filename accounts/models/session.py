"""A browser that is signed in, or on its way to be."""

import hashlib
import re

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Value
from django.db.models.functions import Collate, Length, Now
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User

KEY = re.compile(r"[a-z0-9]{32}\Z")  # what a browser's cookie holds; no row's key looks like that
DIGITS = 40  # of a row's key, hexadecimal: 160 bits, as many as are random in a browser's
PUBLIC_DIGITS = 16


def row_key(key: str | None) -> str:
    """Return the key of a session's row: a digest of the one that its browser holds, from which nobody finds that.

    A row's own key is returned as it is. The key of no session is that of no row (ADR 34).
    """
    if key and KEY.match(key):
        return hashlib.sha256(key.encode()).hexdigest()[:DIGITS]
    return key or ""


class RowKey(models.Func):
    """``row_key`` as the database computes it, of rows under a browser's key: code of before ADR 34 wrote them."""

    template = f"left(encode(sha256(decode(%(expressions)s, 'escape')), 'hex'), {DIGITS})"
    output_field = models.CharField()


UNDER_BROWSERS_KEY = models.Q(Exact(Length("session_key"), 32))
ROW_KEY = Collate(RowKey("session_key"), "C")


class SessionQuerySet(models.QuerySet["Session"]):
    def of_browser(self, key: str | None) -> "SessionQuerySet":
        """The session of the browser that holds this key."""
        return self.filter(session_key=row_key(key))

    def live(self) -> "SessionQuerySet":
        """Those that have not expired, the one seen last first."""
        return self.filter(expire_date__gt=timezone.now()).order_by("-last_seen_at")

    def unfinished(self) -> "SessionQuerySet":
        """Sign-ins that wait for a second factor and were not ended, in whatever epoch they began."""
        return self.live().filter(user=None, waiting_for__isnull=False, waiting_ended="")

    def waiting(self) -> "SessionQuerySet":
        """Those of them that a second factor would turn into a session."""
        in_epoch = models.Q(waiting_epoch=models.F("waiting_for__sign_in_epoch"))
        never_moved = models.Q(waiting_epoch=None, waiting_for__sign_in_epoch=None)
        return self.unfinished().filter(in_epoch | never_moved)


class Session(AbstractBaseSession):
    """A session with the person it belongs to, so that a person's sessions can be listed and ended.

    ``expire_date`` is when it ends if nobody uses it: ``idle`` after ``last_seen_at``, and never after ``ends_at``.
    ``active_tenant`` is where the person chose to act. From ``follow_at`` on the next use by a person asks the
    providers that it follows; since ``unsure_since`` nobody knows whether one of them still stands by it (ADR 35).

    A row without ``user`` may hold a sign-in that waits for its second factor: whose (``waiting_for``), by which
    identity, and in which epoch its first proof was judged. ``waiting_ended`` says why it opens nothing any more; the
    row stays, so that its browser can be told (ADR 28).

    ``not_before`` is its person's when the session was given: while they are the same, it serves (ADR 42).

    ``session_key`` is ``row_key`` of what the browser holds: who reads the table can be nobody by it (ADR 34).
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="sessions", verbose_name=_("user"))
    created_at = models.DateTimeField(_("signed in"), db_default=Now(), editable=False)
    last_seen_at = models.DateTimeField(_("last seen"), db_default=Now())
    provider = models.CharField(_("provider"), max_length=32, blank=True, db_default="")
    is_remembered = models.BooleanField(_("kept in the browser"), default=False, db_default=False)
    idle = models.DurationField(_("ends without use after"), null=True, editable=False)
    ends_at = models.DateTimeField(_("ends at the latest"), null=True, editable=False)
    active_tenant = models.UUIDField(_("organization"), null=True, editable=False)
    not_before = models.DateTimeField(_("given under"), null=True, editable=False)
    upstream_sid = models.CharField(_("session at the provider"), max_length=255, blank=True, db_default="")
    upstream_sessions = models.JSONField(  # all that it follows: accounts.sessions.upstream_tracking
        _("sessions at providers"), default=list, db_default=Value([], models.JSONField()), editable=False
    )
    follow_at = models.DateTimeField(_("its providers are asked again"), null=True, editable=False)
    unsure_since = models.DateTimeField(_("may be over at its provider since"), null=True, editable=False)
    address = models.GenericIPAddressField(_("address"), null=True)
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
    waiting_ended = models.CharField(_("ended because"), max_length=40, blank=True, db_default="", editable=False)

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
            models.Index(ROW_KEY, condition=UNDER_BROWSERS_KEY, name="session_under_browsers_key"),
            models.Index(fields=["address"], name="session_address"),
            models.Index(fields=["created_at"], name="session_created"),
            models.Index(
                fields=["waiting_for"], condition=models.Q(waiting_for__isnull=False), name="session_waiting_for"
            ),
        )

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """What pages, addresses and the trail call the session."""
        return row_key(self.session_key)[:PUBLIC_DIGITS]

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """The engine imports this model, so it is found by its name, as Django finds it."""
        store: type[SessionBase] = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
        return store
