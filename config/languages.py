"""Which languages are offered: English, and each language with a complete catalogue.

A partial translation is worse than none: a page would declare itself German and be partly English. So a catalogue is
offered only if it declares itself complete, by ``X-Complete: yes`` in its header, and a test compares every catalogue
with the messages in the source (``tests/config/test_languages.py``). To add a language, add
``locale/<name>/LC_MESSAGES/django.po`` and ``django.mo``, and its date formats in ``config/formats`` (ADR 38).
"""

from gettext import GNUTranslations
from pathlib import Path

from django.conf.locale import LANG_INFO

SOURCE = "en"  # what the messages in the source are written in
CATALOGUE = Path("LC_MESSAGES", "django.mo")
DECLARATION = "x-complete"


def offered(folder: Path) -> list[tuple[str, str]]:
    """Return the languages to negotiate, as Django's LANGUAGES: each code with the language's native name."""
    complete = sorted(code_of(path.parent.parent) for path in folder.glob(f"*/{CATALOGUE}") if is_declared(path))
    return [(code, _name_of(code)) for code in dict.fromkeys([SOURCE, *complete])]


def is_declared(catalogue: Path) -> bool:
    """Return whether a compiled catalogue declares itself complete."""
    with catalogue.open("rb") as file:
        return GNUTranslations(file).info().get(DECLARATION) == "yes"


def code_of(folder: Path) -> str:
    """Turn the name of a catalogue's folder, such as ``pt_BR``, into a language code."""
    return folder.name.replace("_", "-").lower()


def _name_of(code: str) -> str:
    return str(LANG_INFO.get(code, {}).get("name_local", code))
