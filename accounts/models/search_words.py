"""Search by words: each word of a search term must begin a word of the row (ADR 39).

The database splits columns and search terms into words with the same functions, which ignore accents and case. Words
never identify a person: addresses are compared by their canonical form (ADR 27).
"""

from django.contrib.postgres.search import SearchQueryField, SearchVectorField
from django.db.models import BooleanField, F, Func, Q, Value
from django.db.models.expressions import Combinable

from foundation.canonical_email import a_label, folded

LONGEST_TERM = 320  # characters: no column that is searched by words is longer


def words_of(*columns: str) -> Func:
    """Return the words of some columns: of each text between blanks, every suffix that begins at a word in it."""
    return Func(*(F(column) for column in columns), function="accounts_words", output_field=SearchVectorField())


class Begin(Func):
    """Whether the words match the query of wanted prefixes."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = BooleanField()


def begin(words: Combinable, term: str) -> Q:
    """Return the condition that each word of the term begins one of the row's words. Domains match in either spelling.

    A term without a letter or digit matches nothing.
    """
    term = term[:LONGEST_TERM]
    found = Q()
    for spelling in dict.fromkeys((term, _with_a_labels(term))):
        wanted = Func(Value(spelling), function="accounts_words_wanted", output_field=SearchQueryField())
        found |= Q(Begin(words, wanted))
    return found


def _with_a_labels(term: str) -> str:
    return " ".join(word if word.isascii() else _encoded(word) for word in term.split())


def _encoded(word: str) -> str:
    """Return an address with its domain as A-labels. A label that has none yet, half typed, stays as it is."""
    local, at, domain = folded(word).rpartition("@")
    labels = (label if label.isascii() else a_label(label) or label for label in domain.split("."))
    return f"{local}{at}{'.'.join(labels)}"
