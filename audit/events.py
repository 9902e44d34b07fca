"""Everything that can happen and is not the change of a row, in one list, and how it is recorded."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from audit.context import Actor, current


class Event(models.TextChoices):
    """What can happen; the label of a member is its description, a sentence."""

    SIGN_IN_SUCCEEDED = "sign_in.succeeded", _("A person signed in.")
    SIGN_IN_REFUSED = "sign_in.refused", _("Somebody tried to sign in and was refused, for the reason given.")
    SIGN_OUT_SUCCEEDED = "sign_out.succeeded", _("A person signed out.")
    SIGN_OUT_REFUSED = "sign_out.refused", _("A provider's call to sign somebody out was not believed.")
    ACCOUNT_ENROLLED = "account.enrolled", _("An account was opened for a person who came for the first time.")
    IDENTITY_LINKED = "identity.linked", _("An identity was connected to an account.")
    IDENTITY_UNLINKED = "identity.unlinked", _("An identity was disconnected from an account.")
    IDENTITY_KEPT = "identity.kept", _("Somebody tried to disconnect their last way in, and it stayed.")
    FACTOR_ADDED = "factor.added", _("A second factor was added to an account, or its recovery codes were made anew.")
    FACTOR_REMOVED = "factor.removed", _("A second factor was removed from an account.")
    FACTOR_USED = "factor.used", _("A person proved themselves by a second factor.")
    FACTOR_REFUSED = "factor.refused", _("Somebody brought a second factor that was not right, or was turned away.")
    SESSION_ENDED = "session.ended", _("A session was ended before its time, by its owner or for them.")
    SESSION_PURGED = "session.purged", _("Expired sessions were removed; the details count them.")


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
    after the rollback of what was refused. Raises SecretInDetails.
    """
    _refuse_secrets(details)
    _refuse_secrets(personal or {})
    context = current()
    actor = actor or context.who()
    table, key = _place(object)
    told = {
        "actor_kind": actor and actor.kind,
        "actor_id": actor and actor.id,
        "person": person.pk if isinstance(person, models.Model) else person,
        "object_table": table,
        "object_id": key,
        "tenant_id": tenant_id or context.tenant_id,
        "request_id": context.request_id,
        "batch_id": context.batch_id,
        "reason": context.reason,
        "address": context.address,
        "user_agent": context.user_agent,
        "personal": personal,
        "details": details,
    }
    text = json.dumps({name: value for name, value in told.items() if value}, cls=DjangoJSONEncoder)
    with connection.cursor() as cursor:
        cursor.execute(RECORD, [event.value, text])


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
