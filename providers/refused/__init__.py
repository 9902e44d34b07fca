"""Identities that were refused: what came is kept for a while, found by its reference, and led by an administrator."""
