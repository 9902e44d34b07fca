"""Invitations with known links. The product itself does not store a link after it is mailed."""

from accounts.models import Invitation
from accounts.organizations.invitations import Link
from tenancy import site_context


def link_of(invitation: Invitation) -> Link:
    """Give an invitation another link."""
    link = Link(tenant_id=invitation.tenant_id)
    with site_context("a test"):
        Invitation.objects.filter(pk=invitation.pk).update(digest=link.digest)
    return link
