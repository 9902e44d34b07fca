"""Pinned sessions: those that a tenant's connection has opened reach that tenant alone (ADR 73).

Whoever runs the tenant's identity provider could open one for anybody who has connected an identity there. So until the
person proves something that the tenant does not control, there are no other organizations, no rights on the site, and
no acts on the account. ``User.pinned_tenant`` says so in each request.
"""

from django.http import HttpRequest

from accounts.models import User
from accounts.sessions.store import SessionStore
from audit.events import Event, record


def unpin(request: HttpRequest, user: User) -> None:
    """End the pinning of this browser's session, or of the sign-in that waits in it for a second factor.

    Call it when the person has proven something that no tenant controls: a factor of their own, a local password, or an
    identity at one of the site's own providers. A session that others could have known gets a new key.
    """
    session = request.session
    if not isinstance(session, SessionStore) or session.pinned_tenant is None:
        return
    if request.user.is_authenticated:
        record(Event.SESSION_UNPINNED, person=user, tenant_id=session.pinned_tenant)
        session.cycle_key()
        request.user.pinned_tenant = None
    session.describe({"pinned_tenant": None})
    user.pinned_tenant = None
