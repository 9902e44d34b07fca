"""Deletion in the admin that shows how many rows of each model are deleted too, instead of listing every row."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import CASCADE, PROTECT, Model, QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _

Deleted = tuple[list[str], dict[str, int], set[str], list[str]]


class CountedDeletion(admin.ModelAdmin[Any]):
    """A ModelAdmin for models with too many related rows to list, or to load, on the confirmation page."""

    removed_first: tuple[str, ...] = ()  # labels of models whose rows ``delete_model`` deletes itself

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Deleted:
        rows = list(objs)
        going, staying = _counted(self.model, [row.pk for row in rows], self.removed_first)
        lacking = {str(self.opts.verbose_name) for row in rows if not self.has_delete_permission(request, row)}
        lacking |= {str(model._meta.verbose_name) for model in going if not self._may_go(model, request)}
        counts = {str(self.opts.verbose_name_plural): len(rows)}
        counts |= {str(model._meta.verbose_name_plural): count for model, count in going.items()}
        kept = [_counted_name(model, count) for model, count in staying.items()]
        return [str(row) for row in rows], counts, lacking, kept

    def _may_go(self, model: type[Model], request: HttpRequest) -> bool:
        its_own = self.admin_site._registry.get(model)  # noqa: SLF001  # as Django does
        return its_own is None or its_own.has_delete_permission(request)


def _counted(
    model: type[Model], keys: Iterable[Any], removed_first: tuple[str, ...]
) -> tuple[Counter[type[Model]], Counter[type[Model]]]:
    """Count related rows by model: those that would be deleted too, also indirectly, and those that prevent it."""
    going, staying = Counter[type[Model]](), Counter[type[Model]]()
    waiting: list[tuple[type[Model], QuerySet[Any] | Iterable[Any]]] = [(model, keys)]
    while waiting:
        parent, chosen = waiting.pop()
        for relation in parent._meta.related_objects:
            child: Any = relation.related_model
            if relation.many_to_many or relation.on_delete not in {CASCADE, PROTECT} or child is parent:
                continue
            rows: QuerySet[Any] = QuerySet(child).filter(**{f"{relation.field.name}__in": chosen})
            count = rows.order_by().count()
            is_in_the_way = relation.on_delete is PROTECT and child._meta.label not in removed_first
            if count and is_in_the_way:
                staying[child] += count
            elif count and relation.on_delete is CASCADE:
                going[child] = max(going[child], count)
                waiting.append((child, rows.values("pk")))
    return going, staying


def _counted_name(model: type[Model], count: int) -> str:
    return _("%(kind)s: %(count)d") % {"kind": capfirst(model._meta.verbose_name_plural), "count": count}
