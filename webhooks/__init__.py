"""Webhooks: send a tenant's entries of the trail, signed, to receivers of its choice (ADR 16, docs/webhooks.md).

``messages`` builds what is sent, ``signing`` signs it, ``sending`` sends one message, ``running`` sends all that are
due, and ``changes`` has the acts of administrators. ``foundation.receivers`` decides which URLs are allowed.
"""
