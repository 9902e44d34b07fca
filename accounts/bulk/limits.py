"""How far somebody may reach in a bulk action: the one place that asks the ceiling."""

from collections.abc import Iterable
from uuid import UUID

from accounts.models import Membership, Role, User


def out_of_reach(actor: User, people: Iterable[User]) -> set[UUID]:
    """Return those whom the actor may not edit: to all but superusers, superusers and people of other tenants."""
    if actor.is_superuser:
        return set()
    people = list(people)
    if actor.standing is None:
        return {person.pk for person in people}
    members = Membership.objects.filter(tenant_id=actor.standing.tenant_id, user__in=people)
    ours = set(members.order_by().values_list("user_id", flat=True))
    return {person.pk for person in people if person.is_superuser or person.pk not in ours}


def may_grant(actor: User, role: Role, tenant_id: UUID) -> bool:
    """Whether the actor's permissions and scopes in the tenant include the role's."""
    if actor.is_superuser:
        return True
    standing = actor.standing
    if standing is None or standing.tenant_id != tenant_id or not role.fits(tenant_id):
        return False
    labels = {
        f"{app}.{codename}"
        for app, codename in role.permissions.values_list("content_type__app_label", "codename").order_by()
    }
    return labels <= actor.get_all_permissions() and set(role.scopes) <= standing.scopes
