"""The trail as an administrator may read it: which entries, and by which names they can ask for people and tenants."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db.models import Q

from accounts.models import User
from accounts.people import filters, search
from audit.reading.filters import TrailFilterForm
from audit.reading.search import Condition


def scope_of(reader: User) -> list[Condition]:
    """Return what limits the trail for a reader: a superuser reads everything, others the entries of their tenant."""
    if reader.is_superuser:
        return []
    membership = reader.active_membership
    return [Condition(where=Q(tenant_id=str(membership.tenant_id) if membership else ""))]  # no entry has an empty one


def filter_form(reader: User, data: Mapping[str, Any]) -> TrailFilterForm:
    """Return the filters of the trail. They find people by email address or username, and tenants by name.

    A tenant's administrators have no filter by tenant.
    """
    person = partial(search.person_called, filters.seen_by(reader))
    names = {"actor": person, "person": person} | ({"tenant": search.tenant_called} if reader.is_superuser else {})
    without = frozenset() if reader.is_superuser else frozenset({"tenant"})
    form: type[TrailFilterForm] = type("FilterFormOfReader", (TrailFilterForm,), {"names": names, "without": without})
    return form(data)
