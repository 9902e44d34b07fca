"""Paths into a provider's claims: names separated by dots, and quoted if a name contains a dot.

Examples: ``realm_access.roles``, ``resource_access."my.client".roles``. Inside quotation marks, ``\\"`` and ``\\\\``
stand for a quotation mark and a backslash.
"""

import re
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

MOST_NAMES = 8  # the depth to which claims are stored
QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
BARE = re.compile(r'[^."\\]+')
ESCAPED = re.compile(r'\\(["\\])')


class BrokenPath(ValueError):
    """The path is malformed. The message is a sentence for the administrator who wrote it."""


def parse(path: str) -> tuple[str, ...]:
    """Return the names of a path, outermost first. Raises BrokenPath."""
    if not path.isprintable():
        raise BrokenPath(_("There is an invisible character in the path."))
    names: list[str] = []
    place = 0
    while True:
        name, place = _name(path, place)
        names.append(name)
        if place == len(path):
            break
        if path[place] != ".":
            raise BrokenPath(_("After a quotation mark that closes there must be a dot, or nothing."))
        place += 1
    if len(names) > MOST_NAMES:
        raise BrokenPath(_("The path has more than %(most)d names.") % {"most": MOST_NAMES})
    return tuple(names)


def write(names: Sequence[str]) -> str:
    """Return the path with these names, quoted where necessary."""
    return ".".join(name if BARE.fullmatch(name) and name == name.strip() else _quote(name) for name in names)


def matches(claims: object, names: Sequence[str], value: str) -> bool:
    """Whether the claim is exactly this text, or a list that contains it. Any other shape does not match."""
    found = claims
    for name in names:
        if not isinstance(found, Mapping):
            return False
        found = found.get(name)
    if isinstance(found, list):
        return any(isinstance(item, str) and item == value for item in found)
    return bool(names) and isinstance(found, str) and found == value


def leads(claims: object, names: Sequence[str]) -> bool:
    """Whether there is anything at the end of a path."""
    found = claims
    for name in names:
        if not isinstance(found, Mapping) or name not in found:
            return False
        found = found[name]
    return bool(names)


def _name(path: str, place: int) -> tuple[str, int]:
    """Return the name that begins at this index, and the index of its end."""
    if path.startswith('"', place):
        quoted = QUOTED.match(path, place)
        if quoted is None:
            raise BrokenPath(_("A quotation mark is not closed, or a backslash stands before another character."))
        name, end = ESCAPED.sub(r"\1", quoted[1]), quoted.end()
    else:
        bare = BARE.match(path, place)
        name, end = (bare[0], bare.end()) if bare else ("", place)
        if name != name.strip() or path[end : end + 1] in {'"', "\\"}:
            raise BrokenPath(_('A name with blanks at its ends, quotation marks or backslashes is written in "".'))
    if not name:
        raise BrokenPath(_("A name is missing: the path begins or ends with a dot, or two stand side by side."))
    return name, end


def _quote(name: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
