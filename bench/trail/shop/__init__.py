"""Two models that are written with and without a trail."""
