"""Clears what this process has cached about providers."""

import threading
from importlib import import_module


def forget_providers() -> None:
    """Clear the cache in Redis and this process's own copies, after background fetches have ended."""
    for thread in threading.enumerate():
        if thread.name.startswith(("discovery:", "jwks:")):  # fetched in the background for a page with buttons
            thread.join(timeout=10)
            assert not thread.is_alive(), thread.name
    import_module("django.core.cache").cache.clear()
    registry = import_module("providers.registry")
    for provider in registry.of_environment().values():
        provider.upstream.close()
    registry.of_environment.cache_clear()
    import_module("providers.connections.directory").forget()
    upstream_issuers = import_module("providers.upstream_tokens.issuers").UNSHARED
    while upstream_issuers:
        upstream_issuers.popitem()[1].upstream.close()
