"""What the administrators' pages cost with a million people (`make bench-admin`, docs/benchmarks.md)."""
