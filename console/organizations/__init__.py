"""Tenants, roles, memberships, invitations and claim rules in the admin."""
