"""Tenants as people see them: memberships, roles, delegation, invitations and claim rules."""
