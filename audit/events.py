"""Events: everything that happens and is not the change of a row. The product's own list, and ``record``."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from audit.context import Actor, Context, current
from audit.jsonable import to_jsonable
from foundation import discovery
from foundation.declarations import AppEvent, NamedEvent


class Event(models.TextChoices):
    """The events of the product. The label of a member is a sentence that describes it."""

    SIGN_IN_SUCCEEDED = "sign_in.succeeded", _("A person signed in.")
    SIGN_IN_REFUSED = "sign_in.refused", _("Somebody tried to sign in and was refused, for the reason given.")
    SIGN_IN_CANCELLED = (
        "sign_in.cancelled",
        _("A sign-in that waited for its second factor was cancelled, for the reason given."),
    )
    SIGN_OUT_SUCCEEDED = "sign_out.succeeded", _("A person signed out.")
    SIGN_OUT_REFUSED = "sign_out.refused", _("A provider's call to sign somebody out was not believed.")
    LOGOUT_TOKEN_PURGED = (
        "logout_token.purged",
        _("Expired records of providers' logout tokens were removed; the details count them."),
    )
    ACCOUNT_ENROLLED = "account.enrolled", _("An account was opened for a person who came for the first time.")
    ACCOUNT_CUT_OFF = "account.cut_off", _("Everything by which somebody could act was ended, for the reason given.")
    ACCOUNT_CUT_OFF_CONFIRMED = "account.cut_off_confirmed", _("Nothing that a cut-off ended is alive any more.")
    IDENTITY_LINKED = "identity.linked", _("An identity was connected to an account.")
    IDENTITY_UNLINKED = "identity.unlinked", _("An identity was disconnected from an account.")
    IDENTITIES_MOVED = (
        "identities.moved",
        _("Identities were moved to another issuer by a command; the entries of the batch tell what each was before."),
    )
    REFUSED_IDENTITY_LINKED = (
        "refused_identity.linked",
        _("An administrator connected a refused identity to the account with its address."),
    )
    REFUSED_IDENTITY_PURGED = (
        "refused_identity.purged",
        _("Expired refused identities were removed; the details count them."),
    )
    UPSTREAM_TOKENS_LOST = (
        "upstream_tokens.lost",
        _("A provider's tokens no longer work: the person has to sign in there again."),
    )
    UPSTREAM_TOKENS_REFRESH_FAILED = (
        "upstream_tokens.refresh_failed",
        _("A provider's answer to a token refresh was not trusted, or it rejected our client."),
    )
    UPSTREAM_TOKENS_REVOCATION_FAILED = (
        "upstream_tokens.revocation_failed",
        _("A provider could not be told to revoke tokens: they work there until they expire."),
    )
    UPSTREAM_REVOCATION_PURGED = (
        "upstream_revocation.purged",
        _("Finished revocations of tokens were removed; the details count them."),
    )
    UPSTREAM_TOKENS_PURGED = (
        "upstream_tokens.purged",
        _("Tokens of provider sessions that no session here uses were removed, and counted."),
    )
    IDENTITY_UNLINK_REFUSED = (
        "identity.unlink_refused",
        _("Somebody tried to disconnect the last sign-in method of an account, and was refused."),
    )
    CHANGE_REFUSED = "change.refused", _("Somebody tried to change what is above them, and nothing was changed.")
    EMAIL_CHANGE_REQUESTED = (
        "email.change_requested",
        _("A person asked to change the e-mail address of their account."),
    )
    EMAIL_CHANGED = "email.changed", _("A verified e-mail address became an account's.")
    EMAIL_CHANGE_REFUSED = (
        "email.change_refused",
        _("An account could not take an e-mail address, for the reason given."),
    )
    EMAIL_CHANGE_CANCELLED = "email.change_cancelled", _("A requested change of e-mail address was cancelled.")
    REGISTRATION_REQUESTED = "registration.requested", _("Somebody asked to open a local account; nothing exists yet.")
    PASSWORD_RESET_REQUESTED = "password.reset_requested", _("Somebody asked to reset a local password.")
    PASSWORD_RESET = "password.reset", _("A local password was replaced by its owner, through a mailed link.")
    RATE_LIMIT_EXCEEDED = (
        "rate_limit.exceeded",
        _("A rate limit was exceeded; only the first time in each window is recorded."),
    )
    MEMBERSHIPS_SYNCED = "memberships.synced", _("Claim rules gave, changed or withdrew memberships at a sign-in.")
    CLAIM_RULES_SKIPPED = (
        "claim_rules.skipped",
        _("Claim rules were skipped, because the claims that they read were not available."),
    )
    INVITATION_SENT = "invitation.sent", _("Somebody was invited to a tenant.")
    INVITATION_RESENT = "invitation.resent", _("An invitation was sent again, with another link.")
    INVITATION_REVOKED = "invitation.revoked", _("An invitation was revoked, or another one took its place.")
    INVITATION_ACCEPTED = "invitation.accepted", _("A person accepted an invitation.")
    INVITATION_REFUSED = "invitation.refused", _("An invitation was not sent or not accepted, for the reason given.")
    INVITATION_PURGED = "invitation.purged", _("Invitations whose time was long over were removed, and counted.")
    DOMAIN_CLAIMED = "domain.claimed", _("Somebody claimed a domain for a tenant, which gives nothing yet.")
    DOMAIN_CODE_SENT = "domain.code_sent", _("A code was mailed to an address of a claimed domain.")
    DOMAIN_CODE_REFUSED = "domain.code_refused", _("A wrong mailed code was entered for a domain.")
    DOMAIN_AFFILIATED = "domain.affiliated", _("A mailed code showed that a tenant has a mailbox at a domain.")
    DOMAIN_OWNED = "domain.owned", _("A record in the DNS showed that a tenant owns a domain.")
    DOMAIN_REFUSED = "domain.refused", _("An act on a domain was refused, for the reason given.")
    DOMAIN_LAPSE_ANNOUNCED = (
        "domain.lapse_announced",
        _("The record of an owned domain has been missing: its administrators were warned."),
    )
    DOMAIN_LAPSED = "domain.lapsed", _("A tenant no longer owns a domain, because its record stayed away.")
    DOMAIN_RELEASED = "domain.released", _("A tenant gave up a domain.")
    REAUTHENTICATION_CODE_SENT = (
        "reauthentication.code_sent",
        _("A code for reauthentication was mailed to an account's address."),
    )
    REAUTHENTICATION_CODE_VERIFIED = "reauthentication.code_verified", _("A person reauthenticated with a mailed code.")
    REAUTHENTICATION_CODE_REFUSED = (
        "reauthentication.code_refused",
        _("A wrong mailed code was entered for reauthentication."),
    )
    REAUTHENTICATION_SIGN_IN_ACCEPTED = (
        "reauthentication.sign_in_accepted",
        _("A recent sign-in was accepted as reauthentication: the account has nothing stronger."),
    )
    FACTOR_ADDED = "factor.added", _("A second factor was added to an account, or its recovery codes were made anew.")
    FACTOR_REMOVED = "factor.removed", _("A second factor was removed from an account.")
    FACTOR_REPLACED = "factor.replaced", _("A person replaced their authenticator app by another one.")
    FACTOR_RESET = "factor.reset", _("All second factors of a person were removed for them, for the reason given.")
    FACTOR_VERIFIED = "factor.verified", _("A person verified a second factor.")
    FACTOR_REFUSED = "factor.refused", _("A second factor was wrong, or the attempt was throttled.")
    SESSION_REVOKED = "session.revoked", _("A session was revoked, by its owner or for them, for the reason given.")
    SESSION_UNPINNED = (
        "session.unpinned",
        _("A session that a tenant's connection had opened was freed: its person proved what the tenant cannot."),
    )
    TENANT_SWITCHED = "tenant.switched", _("A person went on in another of their tenants.")
    TENANT_SWITCH_REFUSED = "tenant.switch_refused", _("Somebody asked for a tenant that they do not belong to.")
    SESSION_PURGED = "session.purged", _("Expired sessions were removed; the details count them.")
    MAILED_CODE_PURGED = "mailed_code.purged", _("Expired mailed codes were removed; the details count them.")
    MAILED_LINK_PURGED = "mailed_link.purged", _("Expired mailed links were removed; the details count them.")
    USED_PROOF_PURGED = "used_proof.purged", _("Expired used proofs were removed; the details count them.")
    DEFERRED_TASK_PURGED = "deferred_task.purged", _("Finished deferred tasks were removed; the details count them.")
    DEFERRED_TASK_FAILED = "deferred_task.failed", _("A deferred task, such as a mail, failed for a day.")
    EXPORT_STARTED = (
        "export.started",
        _("Somebody began to export a list; personal values hold its search and filters."),
    )
    EXPORT_ENDED = "export.ended", _("An export ended: the details count the rows and say whether it was finished.")
    VALUE_RESTORED = "value.restored", _("Somebody put values of an object back as an entry says that they were.")
    CONNECTION_TESTED = (
        "connection.tested",
        _("An administrator signed in as a test of a connection; the details say whether it passed, or why not."),
    )
    CONNECTION_SWITCHED_ON = "connection.switched_on", _("People can sign in through a connection from now on.")
    CONNECTION_SWITCHED_OFF = (
        "connection.switched_off",
        _("Nobody can sign in through a connection any more, as somebody switched it off or changed where it leads."),
    )
    WEBHOOK_URL_SET = "webhook.url_set", _("Somebody set the URL of a webhook; the details name the host alone.")
    WEBHOOK_TESTED = "webhook.tested", _("Somebody asked for a test: this very entry is sent to their webhook.")
    WEBHOOK_SECRET_ROTATED = (
        "webhook.secret_rotated",
        _("The secret of a webhook was rotated; both secrets sign for a day."),
    )
    DELIVERY_RETRIED = "delivery.retried", _("Somebody asked for a message to be delivered to its webhook again.")
    DELIVERY_DISCARDED = "delivery.discarded", _("Somebody discarded a message that its webhook had not accepted.")
    DELIVERY_FAILED = (
        "delivery.failed",
        _("A webhook did not accept a message for a day; the message became a dead letter."),
    )
    WEBHOOK_DISABLED = "webhook.disabled", _("A webhook that had stopped accepting messages was disabled.")
    PERSON_EXPORTED = "person.exported", _("Everything that is kept about a person was given out.")
    PERSON_ERASED = "person.erased", _("A person's account and personal values were removed, also from the trail.")
    PERSON_ERASURE_REFUSED = (
        "person.erasure_refused",
        _("Somebody tried to erase a person and was refused, for the reason given."),
    )
    REQUEST_RECORDED = "request.recorded", _("A request changed something; this entry says where it came from.")
    REASON_GIVEN = "reason.given", _("A reason was given for the changes with the same request or batch id.")
    BULK_ACTION_STARTED = (
        "bulk_action.started",
        _("A bulk action was confirmed; every change that it makes has its batch id."),
    )
    BULK_ACTION_ENDED = (
        "bulk_action.ended",
        _("A bulk action ended; the details count what it changed and what it left unchanged."),
    )
    ENTRIES_REMOVED = "entries.removed", _("Entries past their retention were removed; the details count them.")
    RETENTION_MINIMUM_SET = (
        "retention.minimum_set",
        _("The owner of the tables said how long entries are kept at the least."),
    )

    @property
    def about(self) -> str:
        return self.value


DECLARATIONS = list(Event)


class SecretInDetails(ValueError):
    """The name of a detail sounds like a secret. Secrets never enter the trail."""


def events() -> Mapping[str, Event | AppEvent]:
    """Return the events of all installed apps by name. Raises ImproperlyConfigured."""
    return discovery.declared("events", Event, AppEvent)


RECORD = "SELECT public.audit_event(%s, %s)"
_SECRET = re.compile(
    r"(?:^|_)(?:passwords?|passphrase|pin|otp|secrets?|tokens?|codes?|verifier|nonce|state|cookies?|authorization"
    r"|assertion|credentials?|session_key|sessionid|(?:private|api|signing|encryption)_key|jwt|hash)(?:$|_)"
)


def record(  # each argument is one fact about the event, given by name
    event: NamedEvent,
    *,
    person: models.Model | UUID | str | None = None,
    object: models.Model | tuple[str, object] | None = None,  # noqa: A002  # the trail's own word
    tenant_id: UUID | str | None = None,
    actor: Actor | None = None,
    personal: Mapping[str, object] | None = None,
    **details: object,
) -> None:
    """Record an event with one statement.

    ``person`` is the account that the event concerns, ``object`` a row or its (table, key). The tenant and the actor
    come from the context unless given; request, batch, reason, IP address and user agent always do. ``personal`` values
    are stored where an erasure reaches them; ``details`` stay forever. A rollback also takes back the event, so record
    a refusal after the rollback of what was refused. A value that cannot be stored is replaced by a text with its type.
    Raises SecretInDetails.
    """
    details, personal = to_jsonable(details), to_jsonable(personal or {})
    _refuse_secrets(details)
    _refuse_secrets(personal)
    context = current()
    table, key = _place(object)
    columns = _surroundings(context, actor) | {
        "person": person.pk if isinstance(person, models.Model) else person,
        "object_table": table,
        "object_id": key,
        "tenant_id": tenant_id or context.tenant_id,
    }
    whole = {name: to_jsonable(value) for name, value in columns.items() if value} | {
        "personal": personal,
        "details": details,
    }
    text = json.dumps({name: value for name, value in whole.items() if value}, allow_nan=False)
    with connection.cursor() as cursor:
        cursor.execute(RECORD, [event.value, text])
    if context.traces:
        context.traces.has_recorded_request = True


def _surroundings(context: Context, actor: Actor | None) -> dict[str, object]:
    """Return who acts, who is behind the actor, and from where, under the names that ``audit_event()`` expects."""
    actor, behind = actor or context.who(), context.who_is_behind()
    return {
        "actor_kind": actor and actor.kind,
        "actor_id": actor and actor.id,
        "behind_kind": behind and behind.kind,
        "behind_id": behind and behind.id,
        "request_id": context.request_id,
        "batch_id": context.batch_id,
        "reason": context.reason,
        "ip_address": context.ip_address,
        "user_agent": context.user_agent,
    }


def _place(what: models.Model | tuple[str, object] | None) -> tuple[str | None, str | None]:
    """Return table and key in the form of the triggers, so that changes and events of an object are found together."""
    if isinstance(what, models.Model):
        values = (getattr(what, field.attname) for field in what._meta.pk_fields)
        return what._meta.db_table, ",".join(map(str, values))
    return (what[0], str(what[1])) if what else (None, None)


def _refuse_secrets(details: Mapping[str, object]) -> None:
    for name in _names(details):
        if _SECRET.search(re.sub(r"\W|(?<=[a-z])(?=[A-Z])", "_", name).lower()):
            raise SecretInDetails(f"{name}: if it is not a secret, give it a name that does not sound like one")


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _names(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _names(inner)
