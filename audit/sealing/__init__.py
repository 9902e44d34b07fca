"""Seals on the trail: made of its entries with a key that the database does not know (ADR 14)."""
