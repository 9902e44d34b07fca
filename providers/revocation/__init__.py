"""Leaving providers: tokens that we held for a person are revoked there, by a job with patience (ADR 24, 36).

``acts.revoke_tokens`` is what an act calls. ``outbox`` holds what is yet to be said, ``running`` says it, ``pages`` are
the person's own way out.
"""
