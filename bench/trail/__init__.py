"""What the trail costs: the same writes with our trail, without one, and with a peer's."""
