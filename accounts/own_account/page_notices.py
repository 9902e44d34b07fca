"""What a page says above everything else, once: that something was done, or that the person should see to something."""


class Caution(str):
    """A notice of what went another way than the person may think: it is not drawn in the colour of success."""

    __slots__ = ()

    is_caution = True
