"""What the trail costs: the same writes with it, without it, and with a peer's."""
