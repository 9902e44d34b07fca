"""The keys that sign tokens: which one signs, which ones are published, and how they are replaced (ADR 51)."""
