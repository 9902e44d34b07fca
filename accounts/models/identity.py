"""Identities: subjects of issuers that are linked to accounts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User
from foundation.moments import Moment, StatementMoment
from foundation.rows import Rows, fetch_all, fetch_prepared


@dataclass(frozen=True, kw_only=True)
class FoundIdentity:
    """An identity with its user, and what else the same statement returned.

    ``rules`` is what claim rules need to know of the person, in JSON, or None if no rule can matter
    (``accounts.organizations.claim_rules.applying`` reads it). ``asked`` is the time of the statement.
    """

    identity: "Identity"
    rules: str | None
    asked: StatementMoment


class IdentityManager(models.Manager["Identity"]):
    def find(self, issuer: str, subject: str, *, through: str) -> FoundIdentity | None:
        """Return an identity with its user and the rules of the provider ``through`` which it came.

        Its row is locked until the transaction ends.
        Disconnecting it waits, and then revokes the session that is being opened too. ``User.has_second_factor`` is set
        by the same statement.
        """
        before, row, after = Moment.now(), fetch_prepared(FIND, [through, issuer, subject]), Moment.now()
        if row is None:
            return None
        identity = IDENTITIES.read(row)
        identity.user = USERS.read(row[len(IDENTITIES.names) :])
        rules, identity.user.has_second_factor, noted_at = row[-3:]
        return FoundIdentity(identity=identity, rules=rules, asked=StatementMoment(before, noted_at, after))

    def of(self, user: User) -> "list[Identity]":
        """Return a person's identities, the oldest first."""
        return [IDENTITIES.read(row) for row in fetch_all(OF_USER, [user.pk])]

    def listed(self, user: User) -> "list[Identity]":
        """Return a person's identities to show them, the oldest first, without their claims.

        They are those that the request's first statement read with the session, if it read the person.
        """
        if user.identities_as_read is None:
            return self.of(user)
        return [_listed(values) for values in json.loads(user.identities_as_read)]


class Identity(models.Model):
    """A person as an issuer knows them. (issuer, subject) is the only key (OpenID Connect Core, section 2).

    The other fields are what the issuer sent last. They are for people to read and for claim rules; they grant nothing.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities", verbose_name=_("user"))
    provider = models.CharField(_("provider"), max_length=32)
    issuer = models.CharField(_("issuer"), max_length=255)
    subject = models.CharField(_("subject"), max_length=255)
    email = models.CharField(_("address"), max_length=320, blank=True)
    email_verified = models.BooleanField(_("address is verified"), default=False)
    name = models.CharField(_("name"), max_length=255, blank=True)
    claims = models.JSONField(_("claims"), default=dict, blank=True)
    created_at = models.DateTimeField(_("connected"), default=timezone.now, editable=False)

    objects = IdentityManager()

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "subject"],
                name="identity_issuer_subject_unique",
                violation_error_message=_("This identity is connected already."),
            )
        ]
        indexes = [
            models.Index(fields=["subject"], name="identity_subject"),
            models.Index(fields=["provider", "id"], name="identity_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.email or self.name or self.subject}"


IDENTITIES, USERS = Rows(Identity, "i"), Rows(User, "u")
FIND = (
    f"SELECT {IDENTITIES.columns}, {USERS.columns}, public.claim_rules_at_sign_in(u.id, %s)::text, "
    "EXISTS (SELECT FROM mfa_authenticator f WHERE f.user_id = u.id AND f.type <> 'recovery_codes'), "
    "statement_timestamp() FROM accounts_identity i JOIN accounts_user u ON u.id = i.user_id "
    "WHERE i.issuer = %s AND i.subject = %s FOR NO KEY UPDATE OF i"
)
LISTED = ("id", "provider", "issuer", "subject", "email", "email_verified", "name", "created_at")
LISTED_IN_JSON = (
    f"(SELECT coalesce(json_agg(json_build_array({', '.join(f'i.{name}' for name in LISTED)}) "
    "ORDER BY i.created_at, i.id), '[]')::text FROM accounts_identity i WHERE i.user_id = {person})"
)
OF_USER = f"SELECT {IDENTITIES.columns} FROM accounts_identity i WHERE i.user_id = %s ORDER BY i.created_at, i.id"


def _listed(values: Sequence[Any]) -> Identity:
    *others, created_at = values
    return Identity.from_db("default", LISTED, [*others, datetime.fromisoformat(created_at)])
