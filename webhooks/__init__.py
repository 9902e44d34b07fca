"""The trail going out: a tenant's entries, signed, to receivers of its own choice (ADR 16, docs/webhooks.md).

``receivers`` says which addresses may be one, ``messages`` what is sent, ``signing`` how a receiver knows us,
``sending`` sends one message, ``running`` all that are due, ``changes`` is what administrators do.
"""
