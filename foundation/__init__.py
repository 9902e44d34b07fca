"""Tools that every package may use: SQL rows, locks, encryption, outgoing HTTP, cache. No table, no event, no app."""
