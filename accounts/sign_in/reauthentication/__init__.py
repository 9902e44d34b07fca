"""Reauthentication: how and when a person has authenticated in this session, and whether it suffices (ADR 32)."""
