"""Incidents: signs that two programs hold the same tokens of a person, recorded with their evidence.

What happens to the tokens is decided elsewhere and never depends on what is recorded here. The address and the program
of the request are in the entry itself, like those of every event; ``last_ip`` and ``last_program`` are those of the
refresh before it.
"""

from ipaddress import ip_address, ip_network

from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import User
from audit.events import record
from authserver import events
from authserver.models import Client, TokenFamily


def record_reuse(client: Client, family: TokenFamily, *, reason: str, behind: int) -> None:
    """Record that a family was revoked, because a code or token was used again, and mail the person.

    ``behind`` is the number of refreshes since the first use.
    """
    record(
        events.TOKENS_REUSED,
        person=family.user_id,
        object=client,
        app=client.client_id,
        reason=reason,
        family=str(family.pk),
        generation=family.generation,
        behind=behind,
        issued_at=family.created_at,
        refreshed_at=family.rotated_at,
        personal=_last_seen(family),
    )
    if family.user_id and (person := User.objects.filter(pk=family.user_id).first()):
        notices.notify(person, Notice.TOKENS_REUSED, app=client.name)


def record_second_network(client: Client, family: TokenFamily) -> None:
    """Record that a second network was given an answer again."""
    record(
        events.TOKENS_REPEATED,
        person=family.user_id,
        object=client,
        app=client.client_id,
        family=str(family.pk),
        generation=family.generation,
        repeats=family.repeats,
        refreshed_at=family.rotated_at,
        personal={"networks": list(family.repeat_networks), **_last_seen(family)},
    )


def network_of(ip: str | None) -> str:
    """Return the network of an address: its /24, or for IPv6 its /48. An IPv4 address may come as an IPv6 one."""
    if not ip:
        return "unknown"
    address = ip_address(ip)
    address = getattr(address, "ipv4_mapped", None) or address
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False))


def _last_seen(family: TokenFamily) -> dict[str, str]:
    return {"last_ip": str(family.seen_ip or ""), "last_program": family.seen_user_agent}
