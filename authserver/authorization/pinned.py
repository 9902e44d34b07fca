"""What a pinned session may open: the apps and hosts of its tenant, and others for accounts that have nothing else.

Apps of the site know people by their account, whatever organization they came from. So they get an account from a
tenant's connection only if that tenant alone has to do with it (ADR 73).
"""

from accounts.models import User
from accounts.organizations.beyond_tenant import has_anything_beyond
from authserver.models import Client, ProtectedHost


def is_closed(user: User, to: Client | ProtectedHost) -> bool:
    """Whether the person has to prove first what the tenant of their pinned session does not control."""
    if user.pinned_tenant is None or to.tenant_id == user.pinned_tenant:
        return False
    return to.tenant_id is not None or has_anything_beyond(user, user.pinned_tenant)
