"""The admin's menu, rendered in Python: it is on every page, and its template takes as long as a whole page."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from django import template
from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

register = template.Library()


@register.simple_tag
def app_menu(apps: Iterable[Mapping[str, Any]], path: str, *, with_links: bool) -> SafeString:
    """Render the same HTML as Django's ``admin/app_list.html``, on which its scripts and styles depend."""
    here = quote(path)
    parts = [_of_app(app, here, with_links=with_links) for app in apps]
    if not parts:
        return format_html("<p>{}</p>", _("You don’t have permission to view or edit anything."))  # noqa: RUF001  # exactly Django's text, so that its translation is used
    return mark_safe("".join(parts))  # noqa: S308  # each part is escaped where it is made


def _of_app(app: Mapping[str, Any], here: str, *, with_links: bool) -> str:
    label, name = escape(app["app_label"]), conditional_escape(app["name"])
    title = escape(_("Models in the %(name)s application") % {"name": app["name"]})
    current = " current-app" if app["app_url"] in here else ""
    heads = "".join(
        f'<th scope="col">{escape(head)}</th>'
        for head in (_("Model name"), _("Add link"), _("Change or view list link"))
    )
    rows = "".join(_of_model(model, label, here, with_links=with_links) for model in app["models"])
    return (
        f'<div class="app-{label} module{current}"><table><caption>'
        f'<a href="{escape(app["app_url"])}" class="section" title="{title}">{name}</a></caption>'
        f'<thead class="visually-hidden"><tr>{heads}</tr></thead>{rows}</table></div>'
    )


def _of_model(model: Mapping[str, Any], app: str, here: str, *, with_links: bool) -> str:
    name = escape(model["object_name"].lower())
    url, shown, described = str(model.get("admin_url") or ""), conditional_escape(model["name"]), f"{app}-{name}"
    is_current = url != "" and url in here
    page = ' aria-current="page"' if is_current else ""
    link = f'<a href="{escape(url)}"{page}>{shown}</a>'
    cells = [
        f'<th scope="row" id="{described}">{link if url else shown}</th>',
        _act(model, "add_url", "add", described),
    ]
    if with_links:
        cells.append(_act(model, "admin_url", "view" if model.get("view_only") else "change", described))
    return f'<tr class="model-{name}{" current-model" if is_current else ""}">{"".join(cells)}</tr>'


def _act(model: Mapping[str, Any], which: str, act: str, described: str) -> str:
    if not model.get(which):
        return "<td></td>"
    words = escape({"add": _("Add"), "view": _("View"), "change": _("Change")}[act])
    return f'<td><a href="{escape(model[which])}" class="{act}link" aria-describedby="{described}">{words}</a></td>'
