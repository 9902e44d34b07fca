"""Accounts: people, their identities, their sessions and their memberships."""
