"""What a page says that lets somebody in no further: what happened, what it means for them, what to do next."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

NOTHING_CHANGED = _("Nothing was changed.")


@dataclass(frozen=True, kw_only=True)
class PageText:
    """``%(provider)s`` and the like stand for names that are known when somebody reads it."""

    status: int
    heading: Text
    happened: Text
    advice: Text
    meaning: Text = NOTHING_CHANGED

    def context(self, **names: str) -> dict[str, str]:
        """Return what the page ``providers/refusal.html`` and those made of it show."""
        parts = {"heading": self.heading, "happened": self.happened, "meaning": self.meaning, "advice": self.advice}
        return {name: str(text) % names for name, text in parts.items()}
