"""Templates whose constant parts are rendered once per language instead of for every page.

A page is mostly constant: text, translated words, URLs of static files. Django renders each of them as a node, at half
of a page's cost. Here, a template and those that it extends become one when it is compiled, and so do neighbouring
nodes. And an ``include`` that sees only its own arguments (``only``) is rendered once for each of their values, if
nothing in it depends on anything else.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from django.template import Context, Node, Template
from django.template.base import FilterExpression, NodeList, TextNode, TokenType, VariableNode
from django.template.defaulttags import CommentNode, IfNode, LoadNode, URLNode, WithNode
from django.template.loader_tags import BlockNode, ExtendsNode, IncludeNode
from django.template.loaders import base, cached
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.templatetags.static import StaticNode
from django.utils.safestring import SafeString
from django.utils.translation import get_language

# What may be in a template whose result depends on its arguments and the language alone.
PURE_NODES = (
    TextNode, VariableNode, IfNode, WithNode, TranslateNode, BlockTranslateNode, StaticNode, URLNode, LoadNode,
    CommentNode,
)  # fmt: skip
PURE_FILTERS = frozenset({"add", "default", "lower", "yesno"})
FILTER = re.compile(r"\|\s*(\w+)")
MOST_VALUES = 100  # that one include is remembered for


class Fixed(Node):
    """Neighbouring nodes that render the same on every page in one language."""

    child_nodelists = ()

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._nodes = NodeList(nodes)
        self._said: dict[tuple[str | None, bool], SafeString] = {}
        self.token, self.origin = self._nodes[0].token, self._nodes[0].origin

    def render(self, context: Any) -> SafeString:
        how = (get_language(), context.autoescape)
        said = self._said.get(how)
        if said is None:
            said = self._said[how] = self._nodes.render(context)
        return said


class Remembered(Node):
    """An include with ``only``. It is rendered anew for more values than ``MOST_VALUES``, and if it is not pure."""

    child_nodelists = ()

    def __init__(self, include: IncludeNode) -> None:
        self._include = include
        self._said: dict[tuple[Any, ...], SafeString] = {}
        self.token, self.origin = include.token, include.origin

    def render(self, context: Any) -> Any:
        values = [argument.resolve(context) for argument in self._include.extra_context.values()]
        if not all(isinstance(value, str) for value in values):
            return self._include.render(context)
        how = (get_language(), context.autoescape, *values, *map(type, values))  # marked safe, a text is another one
        said = self._said.get(how)
        if said is None:
            said = self._include.render(context)
            if len(self._said) < MOST_VALUES and self._is_pure(context):
                self._said[how] = said
        return said

    def _is_pure(self, context: Any) -> bool:
        return is_pure(context.template.engine.get_template(self._include.template.resolve(context)))


class _Folding(base.Loader):
    def get_template(self, template_name: str, skip: Any = None) -> Template:
        template = super().get_template(template_name, skip)
        if not skip and (whole := self._joined(template)) is not None:
            template.nodelist = whole
        fold(template.nodelist)
        return template

    def _joined(self, template: Template) -> NodeList | None:
        """Return the nodes of the outermost template that this one extends, with its blocks in their places.

        None if there is none, if its name depends on the context, or if a block repeats what it replaces.
        """
        blocks: dict[str, BlockNode] = {}
        outer = template
        while extends := next((node for node in outer.nodelist if isinstance(node, ExtendsNode)), None):
            named = extends.parent_name
            if "block." in str(outer.source) or not (isinstance(named, FilterExpression) and _is_constant(named)):
                return None
            blocks = extends.blocks | blocks
            name = named.resolve(Context())
            if name == outer.name:  # it overrides a template of an application, which has the same name
                return None
            outer = super().get_template(name)
        if outer is template or "block." in str(outer.source):
            return None
        _fill(outer.nodelist, blocks)
        return outer.nodelist


class Loader(cached.Loader, _Folding):
    """Django's cached loader, which folds each template before it is first rendered."""


def fold(nodes: NodeList) -> None:
    """Replace neighbouring fixed nodes by one, in this list and in nested lists, and remember includes."""
    for place, node in enumerate(nodes):
        for within in _within(node):
            fold(within)
        if isinstance(node, IncludeNode) and node.isolated_context and _is_constant(node.template):
            nodes[place] = Remembered(node)
    nodes[:] = [node for fixed, group in groupby(list(nodes), is_fixed) for node in _together(list(group), fixed)]


def _fill(nodes: NodeList, blocks: Mapping[str, BlockNode]) -> None:
    """Put the blocks into their places. One that is fixed dissolves there; any other has a scope of its own."""
    filled: list[Node] = []
    for node in nodes:
        chosen = blocks.get(node.name, node) if isinstance(node, BlockNode) else node
        for within in _within(chosen):
            _fill(within, blocks)
        if isinstance(chosen, BlockNode) and all(map(is_fixed, chosen.nodelist)):
            filled += chosen.nodelist
        else:
            filled.append(chosen)
    nodes[:] = filled


def is_fixed(node: Node) -> bool:
    """Whether a node renders the same on every page in one language, and sets nothing in the context."""
    if isinstance(node, TranslateNode):
        return not node.asvar and _is_constant(node.filter_expression) and _is_constant(node.message_context)
    if isinstance(node, BlockTranslateNode):
        is_plain = not node.plural and all(token.token_type is TokenType.TEXT for token in node.singular)
        return is_plain and not node.asvar and _is_constant(node.message_context)
    if isinstance(node, StaticNode):
        return node.varname is None and _is_constant(node.path)
    if isinstance(node, URLNode):
        is_alone = not (node.args or node.kwargs or node.asvar)
        return is_alone and _is_constant(node.view_name) and ":" not in str(node.view_name.var)
    return type(node) is TextNode


def is_pure(template: Template) -> bool:
    """Whether a template's result depends on its context and the language alone: it has no clock and no request."""
    nodes = template.nodelist.get_nodes_by_type(Node)
    filters = set(FILTER.findall(str(template.source)))
    return filters <= PURE_FILTERS and all(isinstance(node, (*PURE_NODES, Fixed)) for node in nodes)


def _within(node: Node) -> Iterator[NodeList]:
    if isinstance(node, IfNode):  # its attribute ``nodelist`` is a copy
        yield from (nodes for _condition, nodes in node.conditions_nodelists)
    else:
        found = (getattr(node, name, None) for name in node.child_nodelists)
        yield from (nodes for nodes in found if nodes)


def _is_constant(expression: FilterExpression | None) -> bool:
    if expression is None:
        return True
    return not expression.filters and not (expression.is_var and expression.var.lookups)


def _together(group: list[Node], fixed: bool) -> list[Node]:  # noqa: FBT001
    return [Fixed(group)] if fixed and not all(type(node) is TextNode for node in group) else group
