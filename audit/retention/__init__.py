"""Retention: monthly partitions are created ahead and removed as a whole, single entries when they are due (ADR 13)."""
