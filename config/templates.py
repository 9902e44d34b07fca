"""Templates whose constant parts are rendered once per language instead of for every page.

A page is mostly constant: text, translated words, URLs of static files. Django renders each of them as a node, at half
of a page's cost. Here, neighbouring nodes become one when a template is compiled.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from django.template import Node, Template
from django.template.base import FilterExpression, NodeList, TextNode, TokenType
from django.template.defaulttags import IfNode
from django.template.loaders import base, cached
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.templatetags.static import StaticNode
from django.utils.safestring import SafeString
from django.utils.translation import get_language


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


class _Folding(base.Loader):
    def get_template(self, template_name: str, skip: Any = None) -> Template:
        template = super().get_template(template_name, skip)
        fold(template.nodelist)
        return template


class Loader(cached.Loader, _Folding):
    """Django's cached loader, which folds each template before it is first rendered."""


def fold(nodes: NodeList) -> None:
    """Replace neighbouring fixed nodes by one, in this list and in nested lists."""
    for node in nodes:
        for within in _within(node):
            fold(within)
    nodes[:] = [node for fixed, group in groupby(list(nodes), is_fixed) for node in _together(list(group), fixed)]


def is_fixed(node: Node) -> bool:
    """Whether a node renders the same on every page in one language, and sets nothing in the context."""
    if isinstance(node, TranslateNode):
        return not node.asvar and _is_constant(node.filter_expression) and _is_constant(node.message_context)
    if isinstance(node, BlockTranslateNode):
        is_plain = not node.plural and all(token.token_type is TokenType.TEXT for token in node.singular)
        return is_plain and not node.asvar and _is_constant(node.message_context)
    if isinstance(node, StaticNode):
        return node.varname is None and _is_constant(node.path)
    return type(node) is TextNode


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
