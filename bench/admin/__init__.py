"""What the administrators' pages cost where there are a million people (`make bench-admin`, docs/benchmarks.md)."""
