"""Seals over the entries of the trail, made with a key that the database does not have (ADR 14)."""
