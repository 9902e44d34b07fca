"""Words by which something with a name is found: each that is looked for begins one of its own (ADR 39).

The database makes the words, of the column and of what is looked for, by the same functions: accents and the case of
letters count for nothing. Nobody is identified by them: addresses are compared by their canonical form (ADR 27).
"""

from django.contrib.postgres.search import SearchQueryField, SearchVectorField
from django.db.models import BooleanField, F, Func, Q, Value
from django.db.models.expressions import Combinable

from foundation.canonical_email import a_label, folded

LONGEST_TERM = 320  # characters: nothing that is found by its words is longer


def words_of(*columns: str) -> Func:
    """Return the words of some columns: of each chunk between blanks, what begins at each word of it."""
    return Func(*(F(column) for column in columns), function="accounts_words", output_field=SearchVectorField())


class Begin(Func):
    """Whether words begin with all those that are wanted."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = BooleanField()


def begin(words: Combinable, term: str) -> Q:
    """Narrow rows down to those of whose words one begins with each word of a term; a domain in either spelling.

    A term without any letter or digit finds nothing.
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
    """Addresses are kept in both spellings; a label that is half typed has one only."""
    local, at, domain = folded(word).rpartition("@")
    labels = (label if label.isascii() else a_label(label) or label for label in domain.split("."))
    return f"{local}{at}{'.'.join(labels)}"
