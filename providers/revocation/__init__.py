"""Revoking the tokens that we hold for a person at their provider, by a task that retries (ADR 24, 36).

Acts call ``acts.revoke_tokens``. ``outbox`` stores pending revocations, ``running`` performs them and ``status``
reports on them.
"""
