"""What every floor may use: SQL rows, locks, encryption, outgoing HTTP, cache. No table, no event, no Django app."""
