"""Searching small tables in the admin by the beginnings of words. People are searched by ``accounts.people.search``."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models.search_words import begin, words_of
from accounts.people.search import shortened


class FoundByWords(admin.ModelAdmin[Any]):
    """A ModelAdmin that searches by the beginnings of words, for tables too small to need an index."""

    found_by: ClassVar[tuple[str, ...]] = ("name",)
    search_fields: ClassVar[Any] = ("name",)  # any value shows the box; get_search_results does the search
    search_help_text: ClassVar[Any] = _("The beginning of each word, in any order.")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = shortened(search_term)
        return queryset.filter(begin(words_of(*self.found_by), term)) if term else queryset, False
