"""Second factors: which a person has, how each is judged, their pages."""
