"""How long the trail is kept: months that are made ahead and removed whole, and what is due within them (ADR 13)."""
