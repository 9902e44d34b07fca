"""The audit trail: signals announce what is about to change, the database writes what did (ADR 4)."""
