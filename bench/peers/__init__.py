"""Those we measure ourselves against: a folder and one class for each."""
