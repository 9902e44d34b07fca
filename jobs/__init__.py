"""Work outside of requests: deferred tasks, the purge, key rotation, beat, the worker pool and the broker."""
