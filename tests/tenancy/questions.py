"""Questions to the ORM, of every shape that it has, made up by hypothesis: what they ask for and how."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg, StringAgg
from django.core.exceptions import FieldError, ObjectDoesNotExist, ValidationError
from django.db import DataError, NotSupportedError, ProgrammingError, models, transaction
from django.db.models import Avg, Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast
from hypothesis import strategies as st

DEPTH = 3  # relations that a question goes along
UNASKABLE = (FieldError, TypeError, ValueError, ValidationError, NotSupportedError, ProgrammingError, DataError)
TEXT = models.TextField()
AGGREGATES: Mapping[str, Callable[[str], Any]] = {
    "count": Count,
    "count_distinct": lambda path: Count(path, distinct=True),
    "max": lambda path: Max(Cast(path, TEXT)),
    "min": lambda path: Min(Cast(path, TEXT)),
    "mean": lambda path: Avg(Cast(Cast(path, TEXT), models.IntegerField())),
    "all": lambda path: ArrayAgg(Cast(path, TEXT), order_by=Cast(path, TEXT), default=Value([])),
    "joined": lambda path: StringAgg(Cast(path, TEXT), Value(","), order_by=Cast(path, TEXT), default=Value("")),
}
MANAGERS: Mapping[str, Callable[[type[models.Model]], QuerySet[Any]]] = {
    "its own": lambda model: model._default_manager.all(),  # noqa: SLF001  # Django documents both
    "the base": lambda model: model._base_manager.all(),  # noqa: SLF001
    "none": QuerySet,
}
LOOKUPS = ("exact", "in", "isnull", "gt", "lte")
LOOKUPS_IN_TEXT = ("icontains", "startswith", "iregex")
ENDINGS = (
    "rows", "values", "values_list", "count", "exists", "first", "last", "slice", "aggregate", "in_bulk", "iterator",
    "raw", "walk", "union", "intersection", "difference", "update", "delete", "contains",
)  # fmt: skip


@dataclass(frozen=True)
class Condition:
    path: str
    lookup: str
    value: Any

    def q(self) -> Q:
        return Q(**{f"{self.path}__{self.lookup}": self.value})


@dataclass(frozen=True)
class Step:
    kind: str
    path: str = ""
    conditions: tuple[Condition, ...] = ()
    word: str = ""
    other: type[models.Model] | None = None


@dataclass(frozen=True)
class Question:
    """A question, which can be asked again wherever a context is open."""

    model: type[models.Model]
    manager: str
    steps: tuple[Step, ...]
    ending: str
    path: str
    word: str
    second: Condition
    keys: tuple[Any, ...]

    def ask(self) -> Any:
        """Return the answer in a form that can be compared, or None for a question that Django or the database refuses.

        Order tells nothing unless it was asked for, so rows come sorted.
        """
        try:
            with transaction.atomic():
                return _plain(self._ask())
        except UNASKABLE:
            return None

    def _ask(self) -> Any:
        rows = MANAGERS[self.manager](self.model)
        for step in self.steps:
            rows = STEPS[step.kind](rows, step)
        return getattr(self, f"_{self.ending}", self._rows)(rows)

    def _rows(self, rows: QuerySet[Any]) -> Any:
        return list(rows)

    def _values(self, rows: QuerySet[Any]) -> Any:
        return [sorted(row.items(), key=repr) for row in rows.values("pk", self.path)]

    def _values_list(self, rows: QuerySet[Any]) -> Any:
        return list(rows.values_list(self.path, flat=True))

    def _count(self, rows: QuerySet[Any]) -> Any:
        return rows.count()

    def _exists(self, rows: QuerySet[Any]) -> Any:
        return rows.exists()

    def _first(self, rows: QuerySet[Any]) -> Any:
        return rows.order_by("pk").first()

    def _last(self, rows: QuerySet[Any]) -> Any:
        return rows.order_by("pk").last()

    def _slice(self, rows: QuerySet[Any]) -> Any:
        return list(rows.order_by("pk")[1:3])

    def _aggregate(self, rows: QuerySet[Any]) -> Any:
        return rows.aggregate(told=AGGREGATES[self.word](self.path))["told"]

    def _in_bulk(self, rows: QuerySet[Any]) -> Any:
        return list(rows.in_bulk(list(self.keys)).values())

    def _iterator(self, rows: QuerySet[Any]) -> Any:
        return list(rows.iterator(chunk_size=1))

    def _raw(self, _rows: QuerySet[Any]) -> Any:
        table, key = self.model._meta.db_table, self.model._meta.pk.column
        sql = f'SELECT * FROM "{table}" WHERE "{key}" = ANY(%s) OR true'  # noqa: S608  # our own names
        return list(self.model._default_manager.raw(sql, [list(self.keys)]))  # noqa: SLF001

    def _walk(self, rows: QuerySet[Any]) -> Any:
        return [[row, *_around(row)] for row in rows]

    def _union(self, rows: QuerySet[Any]) -> Any:
        return list(_keys(rows).union(_keys(QuerySet(self.model).filter(self.second.q()))))

    def _intersection(self, rows: QuerySet[Any]) -> Any:
        return list(_keys(rows).intersection(_keys(QuerySet(self.model).filter(self.second.q()))))

    def _difference(self, rows: QuerySet[Any]) -> Any:
        return list(_keys(QuerySet(self.model)).difference(_keys(rows)))

    def _update(self, rows: QuerySet[Any]) -> Any:
        name = self.model._meta.pk.name
        return QuerySet(self.model).filter(pk__in=_keys(rows)).update(**{name: F(name)})

    def _delete(self, rows: QuerySet[Any]) -> Any:
        """Past Django's own cascade, so that the guard answers; nothing stays deleted."""
        point = transaction.savepoint()
        try:
            return QuerySet(self.model).filter(pk__in=_keys(rows))._raw_delete("default")  # noqa: SLF001
        finally:
            transaction.savepoint_rollback(point)

    def _contains(self, rows: QuerySet[Any]) -> Any:
        return [rows.contains(self.model(pk=key)) for key in self.keys]


def _fresh(rows: QuerySet[Any]) -> str:
    """A name that no annotation has yet."""
    return f"told_{len(rows.query.annotations)}"


def _of(step: Step) -> QuerySet[Any]:
    assert step.other is not None
    return QuerySet(step.other)


def _either(step: Step) -> Q:
    return reduce(or_, (condition.q() for condition in step.conditions))


STEPS: Mapping[str, Callable[[QuerySet[Any], Step], QuerySet[Any]]] = {
    "filter": lambda rows, step: rows.filter(_either(step)),
    "exclude": lambda rows, step: rows.exclude(_either(step)),
    "annotate": lambda rows, step: rows.annotate(**{_fresh(rows): AGGREGATES[step.word](step.path)}),
    "order": lambda rows, step: rows.order_by(step.path, "pk"),
    "distinct": lambda rows, step: rows.distinct(),
    "select_related": lambda rows, step: rows.select_related(step.path),
    "prefetch": lambda rows, step: rows.prefetch_related(step.path),
    "among": lambda rows, step: rows.filter(**{f"{step.path}__in": _of(step).filter(_either(step))}),
    "where_exists": lambda rows, step: rows.filter(
        Exists(_of(step).filter(_either(step), **{step.path: OuterRef("pk")}))
    ),
    "subquery": lambda rows, step: rows.annotate(
        **{_fresh(rows): Subquery(_of(step).filter(**{step.path: OuterRef("pk")}).order_by("pk").values(step.word)[:1])}
    ),
}


def _keys(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.order_by().values("pk")


def _around(row: models.Model) -> Iterator[Any]:
    """Give what a row leads to, by every accessor that it has."""
    for field in row._meta.get_fields():
        name = field.get_accessor_name() if isinstance(field, models.ForeignObjectRel) else field.name
        if not field.is_relation or name is None:
            continue
        try:
            found = getattr(row, name)
        except ObjectDoesNotExist:
            continue
        yield sorted(repr(_plain(one)) for one in found.all()) if hasattr(found, "all") else found


def _plain(answer: Any, depth: int = DEPTH) -> Any:
    """Rows as what is loaded of them; they may lead back to where they were reached from."""
    if isinstance(answer, models.Model):
        loaded = {name: value for name, value in sorted(vars(answer).items()) if not name.startswith("_")}
        beside = {**answer._state.fields_cache, **getattr(answer, "_prefetched_objects_cache", {})}  # noqa: SLF001
        if not depth:
            return answer._meta.label, loaded
        return answer._meta.label, loaded, {name: _plain(beside[name], depth - 1) for name in sorted(beside)}
    if isinstance(answer, list | tuple | QuerySet):
        return sorted((_plain(one, depth) for one in answer), key=repr)
    return answer


def paths(model: type[models.Model], depth: int = DEPTH) -> Iterator[tuple[str, models.Field[Any, Any]]]:
    """Give every column that a question about a model can name, with the way to it."""
    for field in model._meta.get_fields():
        if isinstance(field, models.Field) and field.concrete and not field.is_relation:
            yield field.name, field
        elif depth and field.is_relation and isinstance(field.related_model, type):
            for path, last in paths(field.related_model, depth - 1):
                yield f"{field.name}__{path}", last


def relations(model: type[models.Model], *, single: bool, depth: int = DEPTH) -> Iterator[str]:
    """Give the ways from a model that select_related can go along, or prefetch_related."""
    for field in model._meta.get_fields():
        if not (field.is_relation and depth and isinstance(field.related_model, type)):
            continue
        is_single = bool(field.many_to_one or field.one_to_one)
        name = field.get_accessor_name() if isinstance(field, models.ForeignObjectRel) and not is_single else field.name
        if name and (is_single or not single):
            yield name
            yield from (f"{name}__{rest}" for rest in relations(field.related_model, single=single, depth=depth - 1))


def ways_to(model: type[models.Model], others: "Models") -> list[tuple[type[models.Model], str]]:
    """List the foreign keys by which other models refer to this one."""
    return [
        (other, field.name) for other in others for field in other._meta.concrete_fields if field.related_model is model
    ]


Columns = Sequence[tuple[str, models.Field[Any, Any]]]
Known = Mapping[models.Field[Any, Any], Sequence[Any]]
Models = Sequence[type[models.Model]]


def questions(roots: Models, known: Known) -> st.SearchStrategy[Question]:
    """Make up questions; their values are ``known`` ones, those of the other tenant among them."""
    return st.one_of([_about(model, roots, known) for model in roots])


def _about(model: type[models.Model], roots: Models, known: Known) -> st.SearchStrategy[Question]:
    columns = list(paths(model))
    return st.builds(
        Question,
        model=st.just(model),
        manager=st.sampled_from(sorted(MANAGERS)),
        steps=st.lists(_steps(model, roots, known), max_size=3).map(tuple),
        ending=st.sampled_from(ENDINGS),
        path=st.sampled_from([path for path, _ in columns]),
        word=st.sampled_from(sorted(AGGREGATES)),
        second=_conditions(columns, known),
        keys=st.just(tuple(known[model._meta.pk])),
    )


@st.composite
def _conditions(draw: st.DrawFn, columns: Columns, known: Known) -> Condition:
    path, field = draw(st.sampled_from(columns))
    is_text = isinstance(field, models.CharField | models.TextField)
    lookup = draw(st.sampled_from([*LOOKUPS, *(LOOKUPS_IN_TEXT if is_text else ())]))
    values = known.get(field, ())
    if lookup == "isnull" or not values:
        return Condition(path, "isnull", draw(st.booleans()))
    value = draw(st.sampled_from(values))
    if lookup == "in":
        return Condition(path, "in", tuple(values))
    return Condition(path, lookup, str(value)[:5] if lookup in LOOKUPS_IN_TEXT else value)


def _steps(model: type[models.Model], roots: Models, known: Known) -> st.SearchStrategy[Step]:
    def conditions(of: type[models.Model], depth: int = DEPTH) -> st.SearchStrategy[tuple[Condition, ...]]:
        return st.lists(_conditions(list(paths(of, depth)), known), min_size=1, max_size=2).map(tuple)

    names = st.sampled_from([path for path, _ in paths(model)])
    kinds = [
        st.builds(Step, st.sampled_from(["filter", "exclude"]), conditions=conditions(model)),
        st.builds(Step, st.just("annotate"), names, word=st.sampled_from(sorted(AGGREGATES))),
        st.builds(Step, st.just("order"), names),
        st.just(Step("distinct")),
    ]
    for kind, single in (("select_related", True), ("prefetch", False)):
        found = list(relations(model, single=single))
        if found:
            kinds.append(st.builds(Step, st.just(kind), st.sampled_from(found)))
    for other, name in ways_to(model, roots):
        word = st.sampled_from([path for path, _ in paths(other, 1)])
        kinds.append(st.builds(Step, st.just("subquery"), st.just(name), word=word, other=st.just(other)))
        inside = conditions(other, 1)
        kinds.append(st.builds(Step, st.just("where_exists"), st.just(name), inside, other=st.just(other)))
    for field in model._meta.concrete_fields:
        target = field.related_model
        if target is not None and target in roots:
            inside = conditions(target, 1)
            kinds.append(st.builds(Step, st.just("among"), st.just(field.name), inside, other=st.just(target)))
    return st.one_of(kinds)
