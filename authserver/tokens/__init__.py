"""Tokens: how they are issued, refreshed, checked and revoked."""
