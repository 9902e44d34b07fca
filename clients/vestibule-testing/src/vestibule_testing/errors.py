"""What can go wrong before a test begins."""


class PreparationFailed(Exception):
    """Vestibule did not start, refused a command or a sign-in, or gave no token. The message is its own text."""
