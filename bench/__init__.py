"""Benchmarks: what a sign-in costs here and at our peers, in one run on one machine (docs/benchmarks.md)."""
