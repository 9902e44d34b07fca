"""Service accounts, API keys and certificates: what programs of tenants and people act with (ADR 52)."""
