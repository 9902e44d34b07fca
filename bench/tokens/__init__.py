"""What the tokens of the auth server cost (`make bench-tokens`, docs/benchmarks.md)."""
