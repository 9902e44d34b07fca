"""Second factors: which ones a person has, how each is verified, and their pages."""
