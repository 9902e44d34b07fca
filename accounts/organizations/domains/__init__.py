"""Domains: a tenant claims a name, shows affiliation by a mailed code, and ownership by a record in the DNS (ADR 74).

Affiliation serves the sign-up policy of the tenant's own connection and nothing else. Only an owned domain makes the
word of the tenant's provider for an address count, and only an owned one routes.
"""

from accounts.organizations.domains.affiliation import confirm, is_code_waiting, send_code
from accounts.organizations.domains.checking import check, check_due
from accounts.organizations.domains.claiming import claim, claimable, release
from accounts.organizations.domains.holding import affiliated_domains, owned_domains, owns
from accounts.organizations.domains.refusing import REFUSED, DomainRefusalReason, DomainRefused, record_refusal
from accounts.organizations.domains.routing import Route, route_of, set_route

__all__ = [
    "REFUSED",
    "DomainRefusalReason",
    "DomainRefused",
    "Route",
    "affiliated_domains",
    "check",
    "check_due",
    "claim",
    "claimable",
    "confirm",
    "is_code_waiting",
    "owned_domains",
    "owns",
    "record_refusal",
    "release",
    "route_of",
    "send_code",
    "set_route",
]
