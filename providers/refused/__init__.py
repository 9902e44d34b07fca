"""Refused identities: they are stored for 30 days so that an administrator can find and connect them."""
