"""Folding of fixed nodes: a page is the same as without it, in every language."""

from typing import Any

import pytest
from django.template import Context, Engine, TemplateDoesNotExist
from django.template.base import TextNode, VariableNode
from django.template.defaulttags import IfNode
from django.utils import translation
from django.utils.safestring import mark_safe

from config.templates import MOST_VALUES, Fixed, Remembered, fold, is_pure

LIBRARIES = {"i18n": "django.templatetags.i18n", "static": "django.templatetags.static"}
LOAD = "{% load i18n static %}"


def engine(loader: str, templates: dict[str, str]) -> Engine:
    return Engine(loaders=[(loader, [("django.template.loaders.locmem.Loader", templates)])], libraries=LIBRARIES)


def written(loader: str, templates: dict[str, str], context: dict[str, Any]) -> list[str]:
    """Render one compiled template in two languages, and in the first one again."""
    template = engine(loader, templates).get_template("page")
    said: list[str] = []
    for language in ("en", "de", "en"):
        with translation.override(language):
            said.append(template.render(Context(context)))
    return said


@pytest.mark.parametrize(
    ("templates", "context"),
    [
        ({"page": LOAD + "<p>{% translate 'Yes' %}</p>, {% translate 'No' %} {{ who }}"}, {"who": "<Ada>"}),
        ({"page": LOAD + "{% translate 'Yes' as yes %}{% translate 'No' %}: {{ yes }}"}, {}),
        ({"page": LOAD + "{% translate who %} {% translate 'Yes'|lower %}{% translate 'May' context 'abbrev. month' %}"
          }, {"who": "No"}),
        ({"page": LOAD + "{% blocktranslate %}Yes{% endblocktranslate %}"
                         "{% blocktranslate %}No, {{ who }}{% endblocktranslate %}"}, {"who": "Ada"}),
        ({"page": LOAD + "{% blocktranslate count n=many %}one{% plural %}many{% endblocktranslate %}"}, {"many": 2}),
        ({"page": LOAD + "{% blocktranslate asvar yes %}Yes{% endblocktranslate %}<i>{{ yes }}</i>"}, {}),
        ({"page": LOAD + "{% if a %}{% translate 'Yes' %}!{% elif b %}-{% translate 'No' %}{% else %}?{% endif %}"},
         {"b": True}),
        ({"page": LOAD + "{% for one in all %}<b>{% translate 'Yes' %}</b>{{ one }}"
                         "{% empty %}<b>{% translate 'No' %}</b>{% endfor %}"}, {"all": ["a", "b"]}),
        ({"page": LOAD + "{% for one in all %}-{% empty %}<b>{% translate 'No' %}</b>{% endfor %}"}, {"all": []}),
        ({"page": LOAD + "a{% language 'de' %}{% translate 'Yes' %} {{ who }}{% endlanguage %}{% translate 'Yes' %}"},
         {"who": "Ada"}),
        ({"page": LOAD + "{% autoescape off %}{% translate '<b>Yes</b>' %}{% endautoescape %}{% translate who %}"},
         {"who": "<b>Yes</b>"}),
        ({"page": LOAD + "{% static 'favicon.svg' %} {% static who %} {% static 'a.css' as css %}{{ css }}"},
         {"who": "favicon.svg"}),
        ({"page": "{% extends 'base' %}" + LOAD + "{% block b %}{% translate 'No' %}{{ block.super }}{% endblock %}",
          "base": LOAD + "{% translate 'Yes' %}({% block b %}{% translate 'Yes' %}{{ who }}{% endblock %})"},
         {"who": "Ada"}),
        ({"page": LOAD + "{% with who='b' %}{% include 'part' %}{% endwith %}",
          "part": LOAD + "{{ who }}{% translate 'Yes' %}"}, {}),
        ({"page": "{% extends 'middle' %}" + LOAD + "{% block b %}{% translate 'No' %}{% endblock %}"
                  "{% block unknown %}never{% endblock %}",
          "middle": "{% extends 'base' %}{% block a %}[{% block b %}b{% endblock %}{{ who }}]{% endblock %}",
          "base": LOAD + "({% block a %}a{% endblock %}){% if who %}{% block c %}{% translate 'Yes' %}{% endblock %}"
                         "{% endif %}{% for n in all %}{% block d %}{{ n }}{% endblock %}{% endfor %}"},
         {"who": "Ada", "all": "xy"}),
        ({"page": "{% extends 'base' %}" + LOAD + "{% block a %}{% translate 'Yes' as word %}{{ word }}{% endblock %}",
          "base": "{% block a %}{% endblock %}{{ word }}{% block b %}{{ word }}{% endblock %}"}, {}),
        ({"page": "{% extends base %}{% block a %}page{% endblock %}", "known": "<{% block a %}{% endblock %}>"},
         {"base": "known"}),
        ({"page": LOAD + "{% include 'part' with who='a' only %}{% include 'part' with who=name only %}",
          "part": LOAD + "{% if who == 'a' %}{% translate 'Yes' %}{% endif %}{{ who }}{{ name }}"}, {"name": "<b>"}),
        ({"page": "{% for n in all %}{% include 'part' with n=n only %}{% endfor %}", "part": "[{{ n }}]"},
         {"all": ["<b>", mark_safe("<b>"), 1, True, 1.0, ["<b>"], None, {"a": 1}]}),
        ({"page": "{% for n in all %}{% include 'part' with n=n only %}{% endfor %}", "part": "[{{ n }}]"},
         {"all": [str(n) for n in range(MOST_VALUES + 5)]}),
    ],
)  # fmt: skip
def test_a_page_is_the_same_as_without_folding(templates: dict[str, str], context: dict[str, Any]) -> None:
    folded = written("config.templates.Loader", templates, context)

    assert folded == written("django.template.loaders.cached.Loader", templates, context)
    assert folded[0] == folded[2]


def test_words_are_in_the_reader_s_language() -> None:
    assert written("config.templates.Loader", {"page": LOAD + "<p>{% translate 'Yes' %}</p>"}, {}) == [
        "<p>Yes</p>", "<p>Ja</p>", "<p>Yes</p>"
    ]  # fmt: skip


def test_neighbours_that_are_fixed_are_one_node_and_others_stay() -> None:
    page = "<p>{% translate 'Yes' %}</p><img src=\"{% static 'favicon.svg' %}\">{{ who }}<i></i>{% if who %}{% translate 'No' %}.{% endif %}"  # noqa: E501
    _load, fixed, who, text, condition = (
        engine("config.templates.Loader", {"page": LOAD + page}).get_template("page").nodelist
    )

    assert isinstance(fixed, Fixed)
    assert isinstance(text, TextNode)
    assert isinstance(who, VariableNode)
    assert isinstance(condition, IfNode)
    assert [type(node) for node in condition.conditions_nodelists[0][1]] == [Fixed]


def test_folding_twice_changes_nothing() -> None:
    nodes = (
        engine("django.template.loaders.cached.Loader", {"page": LOAD + "a{% translate 'Yes' %}"})
        .get_template("page")
        .nodelist
    )
    fold(nodes)
    once = list(nodes)
    fold(nodes)
    assert list(nodes) == once


def test_a_missing_template_is_reported() -> None:
    for _ in range(2):
        with pytest.raises(TemplateDoesNotExist):
            engine("config.templates.Loader", {}).get_template("page")


def test_a_template_and_those_that_it_extends_become_one_node_where_they_are_fixed() -> None:
    templates = {
        "page": "{% extends 'base' %}" + LOAD + "{% block a %}{% translate 'Yes' %}{% endblock %}",
        "base": LOAD + "<p>{% block a %}{% endblock %}{% block b %}{% translate 'No' %}{% endblock %}</p>",
    }
    _load, fixed = engine("config.templates.Loader", templates).get_template("page").nodelist

    assert isinstance(fixed, Fixed)


def test_the_base_of_one_page_is_not_changed_by_another() -> None:
    templates = {
        "page": "{% extends 'base' %}{% block a %}page{% endblock %}",
        "other": "{% extends 'base' %}{% block a %}other{% endblock %}",
        "base": "<{% block a %}base{% endblock %}>",
    }
    all_of_them = engine("config.templates.Loader", templates)

    for name, said in (("page", "<page>"), ("other", "<other>"), ("base", "<base>"), ("page", "<page>")):
        assert all_of_them.get_template(name).render(Context()) == said


def test_an_include_is_rendered_once_for_each_of_its_values() -> None:
    whole = engine(
        "config.templates.Loader",
        {"page": "{% include 'part' with who=name only %}", "part": LOAD + "{% if who %}{{ who }}{% endif %}"},
    )
    page = whole.get_template("page")
    first = page.render(Context({"name": "Ada"}))
    whole.get_template("part").nodelist.clear()

    assert isinstance(page.nodelist[0], Remembered)
    assert first == page.render(Context({"name": "Ada"})) == "Ada"
    assert page.render(Context({"name": "Grace"})) == ""


@pytest.mark.parametrize(
    "part",
    ["{% now 'u' %}", "{{ moment|timesince }}", "{% csrf_token %}", "{% include 'part' only %}", "{{ a|random }}",
     "{% for n in all %}{% endfor %}", "{% cycle 'a' 'b' %}", "{% if a|random %}a{% endif %}"],
)  # fmt: skip
def test_what_depends_on_more_than_values_is_not_remembered(part: str) -> None:
    for loader in ("config.templates.Loader", "django.template.loaders.cached.Loader"):
        assert not is_pure(engine(loader, {"part": LOAD + part}).get_template("part"))
