"""Two models that are written with a trail and without."""
