"""The peers that we measure against: a folder and one class for each."""
