"""The texts of pages that stop a person: what happened, what it means for them and what to do next."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

NOTHING_CHANGED = _("Nothing was changed.")


@dataclass(frozen=True, kw_only=True)
class PageText:
    """The texts of one page. Placeholders like ``%(provider)s`` are filled in when the page is rendered."""

    status: int
    heading: Text
    happened: Text
    advice: Text
    meaning: Text = NOTHING_CHANGED

    def context(self, **names: str) -> dict[str, str]:
        """Return the context for ``providers/refusal.html`` and the templates that extend it."""
        parts = {"heading": self.heading, "happened": self.happened, "meaning": self.meaning, "advice": self.advice}
        return {name: str(text) % names for name, text in parts.items()}
