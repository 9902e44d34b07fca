"""The audit trail: Django's signals announce changes, and database triggers record them (ADR 4)."""
