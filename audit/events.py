"""Everything that can happen and is not the change of a row, in one list, and how it is recorded."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from audit.context import Actor, current
from audit.jsonable import plain


class Event(models.TextChoices):
    """What can happen; the label of a member is its description, a sentence."""

    SIGN_IN_SUCCEEDED = "sign_in.succeeded", _("A person signed in.")
    SIGN_IN_REFUSED = "sign_in.refused", _("Somebody tried to sign in and was refused, for the reason given.")
    SIGN_IN_ENDED = "sign_in.ended", _("A sign-in that waited for its second factor was ended, for the reason given.")
    SIGN_OUT_SUCCEEDED = "sign_out.succeeded", _("A person signed out.")
    SIGN_OUT_REFUSED = "sign_out.refused", _("A provider's call to sign somebody out was not believed.")
    SIGN_OUT_PURGED = (
        "sign_out.purged",
        _("What is known of a provider's calls to sign somebody out, which have expired, was removed, and counted."),
    )
    ACCOUNT_ENROLLED = "account.enrolled", _("An account was opened for a person who came for the first time.")
    ACCOUNT_CUT_OFF = "account.cut_off", _("Everything by which somebody could act was ended, for the reason given.")
    ACCOUNT_CUT_OFF_CONFIRMED = "account.cut_off_confirmed", _("Nothing that a cut-off ended is alive any more.")
    IDENTITY_LINKED = "identity.linked", _("An identity was connected to an account.")
    IDENTITY_UNLINKED = "identity.unlinked", _("An identity was disconnected from an account.")
    IDENTITY_LED = (
        "identity.led",
        _("An administrator led an identity that had been refused to the account with its address."),
    )
    IDENTITY_PURGED = "identity.purged", _("What was kept of refused identities was removed; the details count them.")
    UPSTREAM_LOST = "upstream.lost", _("The tokens of a provider are over: the person has to sign in there again.")
    UPSTREAM_REFUSED = (
        "upstream.refused",
        _("What a provider answered when tokens were to be renewed was not believed, or it did not take our client."),
    )
    UPSTREAM_GAVE_UP = (
        "upstream.gave_up",
        _("A provider was not told that tokens are over: until they end by themselves, they are good there."),
    )
    UPSTREAM_PURGED = "upstream.purged", _("What was left of revoking tokens was removed; the details count it.")
    UPSTREAM_TOKENS_PURGED = (
        "upstream.tokens_purged",
        _("Tokens of sessions at providers that nobody here was signed in by any more were removed, and counted."),
    )
    IDENTITY_KEPT = "identity.kept", _("Somebody tried to disconnect their last way in, and it stayed.")
    CHANGE_REFUSED = "change.refused", _("Somebody tried to change what is above them, and nothing was changed.")
    ADDRESS_CHANGE_ASKED = "address.change_asked", _("A person asked for another address for their account.")
    ADDRESS_CHANGED = "address.changed", _("A verified address became an account's.")
    ADDRESS_CHANGE_REFUSED = "address.change_refused", _("An account could not have an address, for the reason given.")
    ADDRESS_CHANGE_CANCELLED = "address.change_cancelled", _("A change of address was ended before it happened.")
    REGISTRATION_ASKED = "registration.asked", _("Somebody asked to open a local account; nothing exists yet.")
    PASSWORD_RESET_ASKED = "password.reset_asked", _("Somebody said that they had forgotten a local password.")
    PASSWORD_RESET = "password.reset", _("A local password was replaced by its owner, through a mailed link.")
    LIMIT_REACHED = "limit.reached", _("Something was done too often; more of it in this window left no entry.")
    ROLES_FROM_CLAIMS = "roles.from_claims", _("Claim rules gave, changed or took away memberships at a sign-in.")
    RULE_UNREADABLE = "rule.unreadable", _("What claim rules look at could not be read, so they gave nothing.")
    INVITATION_SENT = "invitation.sent", _("Somebody was invited to a tenant.")
    INVITATION_RESENT = "invitation.resent", _("An invitation was sent again, with another link.")
    INVITATION_REVOKED = "invitation.revoked", _("An invitation was revoked, or another one took its place.")
    INVITATION_ACCEPTED = "invitation.accepted", _("A person accepted an invitation.")
    INVITATION_REFUSED = "invitation.refused", _("An invitation was not sent or not accepted, for the reason given.")
    INVITATION_PURGED = "invitation.purged", _("Invitations whose time was long over were removed, and counted.")
    PROOF_CODE_SENT = (
        "proof.code_sent",
        _("A code was mailed to an account's address, as proof for an act."),
    )
    PROOF_CODE_USED = "proof.code_used", _("A person proved themselves by a code from their mailbox, for an act.")
    PROOF_CODE_REFUSED = "proof.code_refused", _("Somebody brought a mailed code that was not right.")
    PROOF_BY_SIGN_IN_ALONE = (
        "proof.by_sign_in_alone",
        _("A sign-in alone was proof enough for an act, as the account has nothing stronger."),
    )
    FACTOR_ADDED = "factor.added", _("A second factor was added to an account, or its recovery codes were made anew.")
    FACTOR_REMOVED = "factor.removed", _("A second factor was removed from an account.")
    FACTOR_REPLACED = "factor.replaced", _("A person replaced their authenticator app by another one.")
    FACTOR_RESET = "factor.reset", _("All second factors of a person were removed for them, for the reason given.")
    FACTOR_USED = "factor.used", _("A person proved themselves by a second factor.")
    FACTOR_REFUSED = "factor.refused", _("Somebody brought a second factor that was not right, or was turned away.")
    SESSION_ENDED = "session.ended", _("A session was ended before its time, by its owner or for them.")
    TENANT_SWITCHED = "tenant.switched", _("A person went on in another of their tenants.")
    TENANT_REFUSED = (
        "tenant.refused",
        _("Somebody asked for a tenant that is not theirs: nothing was changed."),
    )
    SESSION_PURGED = "session.purged", _("Expired sessions were removed; the details count them.")
    CODE_PURGED = "code.purged", _("Expired mailed codes were removed; the details count them.")
    LINK_PURGED = "link.purged", _("Expired mailed links were removed; the details count them.")
    PROOF_PURGED = "proof.purged", _("Used proofs that have expired were removed; the details count them.")
    ERRAND_PURGED = "errand.purged", _("Errands that were over were forgotten; the details count them.")
    ERRAND_GIVEN_UP = "errand.given_up", _("Something promised to a person, such as a mail, failed for a day.")
    EXPORT_STARTED = (
        "export.started",
        _("Somebody began to export a list; personal values hold its search and filters."),
    )
    EXPORT_MADE = "export.made", _("An export ended: the details count the rows and say whether it was finished.")
    VALUE_RESTORED = "value.restored", _("Somebody put values of an object back as an entry says that they were.")
    WEBHOOK_AIMED = "webhook.aimed", _("Somebody chose where a webhook sends to; the details name the host alone.")
    WEBHOOK_TESTED = "webhook.tested", _("Somebody asked for a test: this very entry is sent to their webhook.")
    WEBHOOK_SECRET_RENEWED = "webhook.secret_renewed", _("A webhook got another secret; both sign for a day.")
    WEBHOOK_RETRIED = "webhook.retried", _("Somebody let a webhook try again what it had not taken.")
    WEBHOOK_LET_GO = "webhook.let_go", _("Somebody decided that a webhook is not sent a message any more.")
    WEBHOOK_GAVE_UP = "webhook.gave_up", _("A message was tried for a day, not taken, and became a dead letter.")
    WEBHOOK_SWITCHED_OFF = "webhook.switched_off", _("A webhook that took nothing any more was switched off.")
    PERSON_EXPORTED = "person.exported", _("Everything that is kept about a person was given out.")
    PERSON_ERASED = "person.erased", _("A person's account and personal values were removed, also from the trail.")
    PERSON_KEPT = "person.kept", _("Somebody tried to erase a person and was refused, for the reason given.")
    REQUEST_MADE_CHANGES = "request.made_changes", _("A request changed something; this says where it came from.")
    REASON_GIVEN = "reason.given", _("A reason was given for the changes with the same request or batch id.")
    BULK_STARTED = "bulk.started", _("A bulk action was confirmed; every change that it makes has its batch id.")
    BULK_ENDED = "bulk.ended", _("A bulk action came to its end; the details count what it changed and left as it was.")
    TRAIL_REMOVED = (
        "trail.removed",
        _("Entries whose time was over were removed; the details count them."),
    )
    TRAIL_FLOOR_SET = "trail.floor_set", _("The owner of the tables said how long entries are kept at the least.")


class SecretInDetails(ValueError):
    """A detail of an event is named as if it were a secret; secrets never enter the trail."""


RECORD = "SELECT public.audit_event(%s, %s)"
_SECRET = re.compile(
    r"(?:^|_)(?:passwords?|passphrase|pin|otp|secrets?|tokens?|codes?|verifier|nonce|state|cookies?|authorization"
    r"|assertion|credentials?|session_key|sessionid|(?:private|api|signing|encryption)_key|jwt|hash)(?:$|_)"
)


def record(  # each says one thing of the event, by name
    event: Event,
    *,
    person: models.Model | UUID | str | None = None,
    object: models.Model | tuple[str, object] | None = None,  # noqa: A002  # the trail's own word
    tenant_id: UUID | str | None = None,
    actor: Actor | None = None,
    personal: Mapping[str, object] | None = None,
    **details: object,
) -> None:
    """Record that something happened, with one statement.

    ``person`` is the account it concerns, ``object`` a row or its (table, key). Actor, tenant, request, batch,
    reason, address and user agent come from the context unless given. ``personal`` values lie where erasure
    reaches them; ``details`` stay for good. In a transaction the event shares its fate: record a refusal
    after the rollback of what was refused. A value that cannot be written is named by its kind, and undoes nothing.
    Raises SecretInDetails.
    """
    details, personal = plain(details), plain(personal or {})
    _refuse_secrets(details)
    _refuse_secrets(personal)
    context = current()
    actor, behind = actor or context.who(), context.who_is_behind()
    table, key = _place(object)
    told = {
        "actor_kind": actor and actor.kind,
        "actor_id": actor and actor.id,
        "behind_kind": behind and behind.kind,
        "behind_id": behind and behind.id,
        "person": person.pk if isinstance(person, models.Model) else person,
        "object_table": table,
        "object_id": key,
        "tenant_id": tenant_id or context.tenant_id,
        "request_id": context.request_id,
        "batch_id": context.batch_id,
        "reason": context.reason,
        "address": context.address,
        "user_agent": context.user_agent,
    }
    whole = {name: plain(value) for name, value in told.items() if value} | {"personal": personal, "details": details}
    text = json.dumps({name: value for name, value in whole.items() if value}, allow_nan=False)
    with connection.cursor() as cursor:
        cursor.execute(RECORD, [event.value, text])
    if context.traces:
        context.traces.has_told_whence = True


def _place(what: models.Model | tuple[str, object] | None) -> tuple[str | None, str | None]:
    """Return table and key as the triggers write them, so that an object's changes and events stand together."""
    if isinstance(what, models.Model):
        values = (getattr(what, field.attname) for field in what._meta.pk_fields)
        return what._meta.db_table, ",".join(map(str, values))
    return (what[0], str(what[1])) if what else (None, None)


def _refuse_secrets(details: Mapping[str, object]) -> None:
    for name in _names(details):
        if _SECRET.search(re.sub(r"\W|(?<=[a-z])(?=[A-Z])", "_", name).lower()):
            raise SecretInDetails(f"{name}: if it is no secret, give it a name that says so")


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _names(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _names(inner)
