"""Fresh proof: what a person has shown in this session, when, and whether it is enough for an act (ADR 32)."""
