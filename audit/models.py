"""Read-only models of the trail, its retention rules, and the runs of jobs."""
# ruff: noqa: DJ001  # NULL differs from empty: an event has no object, a sign-up no person yet

from typing import Any, NoReturn

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext_lazy as _

from audit.context import Actor, ActorKind


class TrailIsReadOnly(Exception):
    """Code tried to write the trail through Django. Only the database's own functions write it."""


class Source(models.TextChoices):
    SIGNAL = "signal", _("announced by a signal")
    DATABASE = "database", _("seen by the database only")
    EVENT = "event", _("named event")


class ReadOnly(models.Model):
    class Meta:
        abstract = True

    def save(self, *_args: Any, **_options: Any) -> NoReturn:
        raise TrailIsReadOnly

    def delete(self, *_args: Any, **_options: Any) -> NoReturn:
        raise TrailIsReadOnly


class Entry(ReadOnly):
    """One changed row, or one named event.

    ``before`` and ``after`` map columns to values: all columns of a created or deleted row, and the changed ones of an
    updated row. A secret value is replaced by "(secret)". A personal one is replaced by "(personal)" and is stored in
    ``personal``.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(_("time"))
    txid = models.BigIntegerField(_("transaction"))
    request_id = models.UUIDField(_("request"), null=True)
    batch_id = models.UUIDField(_("batch"), null=True)
    source = models.TextField(_("source"), choices=Source.choices)
    action = models.TextField(_("action"))
    actor_kind = models.TextField(_("kind of actor"), choices=ActorKind.choices)
    actor_id = models.TextField(_("actor's id"))
    behind_kind = models.TextField(_("kind of who is behind"), choices=ActorKind.choices, null=True)
    behind_id = models.TextField(_("id of who is behind"), null=True)
    object_table = models.TextField(_("table"), null=True)
    object_id = models.TextField(_("object"), null=True)
    person = models.TextField(_("person"), null=True)
    tenant_id = models.TextField(_("tenant"), null=True)
    reason = models.TextField(_("reason"), null=True)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    details = models.JSONField(_("details"), null=True)
    personal_digest = models.BinaryField(_("digest of the personal values"), null=True)

    class Meta:
        db_table = "audit_entry"
        ordering = ["-id"]
        verbose_name = _("entry")
        verbose_name_plural = _("trail")
        indexes = [
            models.Index(fields=["object_id", "object_table", "id"], name="audit_entry_object"),
            models.Index(fields=["actor_id", "id"], name="audit_entry_actor"),
            models.Index(fields=["person", "id"], name="audit_entry_person", condition=models.Q(person__isnull=False)),
            models.Index(
                fields=["request_id"], name="audit_entry_request", condition=models.Q(request_id__isnull=False)
            ),
            models.Index(
                fields=["batch_id", "id"], name="audit_entry_batch", condition=models.Q(batch_id__isnull=False)
            ),
            models.Index(fields=["action", "id"], name="audit_entry_event", condition=models.Q(source="event")),
            models.Index(
                fields=["tenant_id", "id"], name="audit_entry_tenant", condition=models.Q(tenant_id__isnull=False)
            ),
            models.Index(
                fields=["object_table", "id"], name="audit_entry_table", condition=models.Q(object_table__isnull=False)
            ),
            models.Index(fields=["txid", "id"], name="audit_entry_txid"),
            models.Index(
                KeyTextTransform("reference", "details"),
                "id",
                name="audit_entry_reference",
                condition=models.Q(details__has_key="reference"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.action} {self.object_table or ''} {self.object_id or ''}".rstrip()

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind(self.actor_kind), self.actor_id)

    @property
    def behind(self) -> Actor | None:
        """Who impersonates the actor, or on whose behalf a service acts."""
        return Actor(ActorKind(self.behind_kind), str(self.behind_id)) if self.behind_kind else None


class Personal(ReadOnly):
    """The personal values of an entry. An erasure removes the row; the entry keeps their salted digest."""

    entry = models.OneToOneField(
        Entry, on_delete=models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="personal"
    )
    at = models.DateTimeField(_("time"))
    salt = models.UUIDField(_("salt"))
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    ip_address = models.GenericIPAddressField(_("IP address"), null=True)
    user_agent = models.TextField(_("browser"), null=True)

    class Meta:
        db_table = "audit_personal"
        indexes = [
            models.Index(
                fields=["ip_address", "entry"],
                name="audit_personal_ip_address",
                condition=models.Q(ip_address__isnull=False),
            ),
        ]
        verbose_name = _("personal values")
        verbose_name_plural = _("personal values")

    def __str__(self) -> str:
        return str(self.entry_id)


class Seal(ReadOnly):
    """A seal over entries of finished transactions, made outside the database and chained to the last one (ADR 14)."""

    number = models.BigIntegerField(_("number"), primary_key=True)
    sealed_at = models.DateTimeField(_("time"))
    entries = models.IntegerField(_("entries"))
    ids = models.TextField(_("entries' ids"))
    first_id = models.BigIntegerField(_("first id"))
    last_id = models.BigIntegerField(_("last id"))
    first_at = models.DateTimeField(_("from"))
    last_at = models.DateTimeField(_("to"))
    upto_txid = models.BigIntegerField(_("up to transaction"))
    upto_id = models.BigIntegerField(_("up to id"))
    cluster = models.BigIntegerField(_("server"))
    floor_id = models.BigIntegerField(_("above id"))
    carried = models.BooleanField(_("carried over by a restore"))
    digest = models.BinaryField(_("digest"))
    key_id = models.TextField(_("key"))
    previous = models.BinaryField(_("previous seal"))
    mac = models.BinaryField(_("authentication code"))

    class Meta:
        db_table = "audit_seal"
        ordering = ["-number"]
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        indexes = [
            models.Index(fields=["first_id"], name="audit_seal_first"),
            models.Index(fields=["last_id"], name="audit_seal_last"),
            models.Index(fields=["number"], name="audit_seal_carried", condition=models.Q(carried=True)),
        ]

    def __str__(self) -> str:
        return str(self.number)


class SealDigests(ReadOnly):
    """The digests of a seal's entries, 32 bytes each, ordered by id."""

    number = models.BigIntegerField(_("seal"), primary_key=True)
    digests = models.BinaryField(_("digests"))

    class Meta:
        db_table = "audit_seal_digests"
        verbose_name = _("digests of a seal")
        verbose_name_plural = _("digests of seals")

    def __str__(self) -> str:
        return str(self.number)


class Removal(ReadOnly):
    """What retention has removed, with a code that only the holder of the sealing key can make."""

    id = models.UUIDField(primary_key=True)
    removed_at = models.DateTimeField(_("time"))
    month = models.TextField(_("month"), null=True)
    tenant_id = models.TextField(_("tenant"), null=True)
    until = models.DateTimeField(_("until"))
    entries = models.BigIntegerField(_("entries"))
    ids = models.TextField(_("entries' ids"))
    first_id = models.BigIntegerField(_("first id"))
    last_id = models.BigIntegerField(_("last id"))
    key_id = models.TextField(_("key"))
    mac = models.BinaryField(_("authentication code"))

    class Meta:
        db_table = "audit_removal"
        ordering = ["-removed_at"]
        verbose_name = _("removal")
        verbose_name_plural = _("removals")
        indexes = [models.Index(fields=["first_id"], name="audit_removal_first")]

    def __str__(self) -> str:
        return f"{self.entries}: {self.ids}"


class Retention(models.Model):
    """How many days a tenant's entries are kept. The site's own row has an empty tenant; no row means forever."""

    tenant_id = models.TextField(_("tenant"), primary_key=True, blank=True)
    days = models.IntegerField(_("days"), validators=[MinValueValidator(1)])

    class Meta:
        db_table = "audit_retention"
        verbose_name = _("retention")
        verbose_name_plural = _("retentions")
        constraints = [models.CheckConstraint(condition=models.Q(days__gt=0), name="audit_retention_some_days")]

    def __str__(self) -> str:
        return f"{self.tenant_id or '*'}: {self.days}"


class JobRun(models.Model):
    """When a job last ran, what stopped it (``detail``), and how far it came."""

    name = models.TextField(_("job"), primary_key=True)
    ran_at = models.DateTimeField(_("time"))
    detail = models.TextField(_("detail"), default="", blank=True)
    progress = models.JSONField(_("progress"), default=dict, blank=True)

    class Meta:
        db_table = "audit_jobrun"
        verbose_name = _("run of a job")
        verbose_name_plural = _("runs of jobs")

    def __str__(self) -> str:
        return self.name
