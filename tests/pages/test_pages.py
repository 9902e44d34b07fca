"""Pages: what every one of them keeps to in every state, and what some of them must say."""

from collections.abc import Mapping

import pytest
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory

from tests.pages.app_samples import CALLBACK
from tests.pages.reading import Page, read
from tests.pages.samples import State, states

STATES = {state.name: state for state in states()}
ERRORS = ["400", "403", "403_csrf", "404", "405", "429", "500", "503"]
OWN_FORM_LAST = [
    name for name in STATES if name.startswith(("providers-confirm", "accounts-sign_out", "authserver-logout-"))
]
# To an app, or to a provider. All others lead to pages of ours only.
TO_AN_APP = {"authserver/onward.html", "authserver/form_post.html", "providers/onward.html"}
every_state = pytest.mark.parametrize("state", STATES.values(), ids=STATES)


def show(template: str, context: Mapping[str, object]) -> Page:
    return read(render_to_string(template, dict(context), RequestFactory().get("/")))


def text(state_name: str) -> str:
    state = STATES[state_name]
    (main,) = show(state.template, state.context).all("main")
    return " ".join(main.text.split())


@every_state
def test_a_page_has_a_language_a_title_one_main_and_one_heading_of_the_first_level(state: State) -> None:
    page = show(state.template, state.context)

    (html,) = page.all("html")
    (title,) = page.all("title")
    (main,) = page.all("main")
    (heading,) = page.all("h1")
    assert html.get("lang") == "en"
    assert title.text.partition(" · ")[0].strip()
    assert main.get("id") == "main"
    assert heading.text.strip()
    assert page.all("a")[0].get("href") == "#main"  # the way past the header is the first thing to reach


@every_state
@pytest.mark.promise(39)
def test_nothing_on_a_page_needs_more_than_the_content_security_policy_allows(state: State) -> None:
    for element in show(state.template, state.context).elements:
        assert element.tag not in {"style", "svg", "iframe", "object"}
        assert element.tag != "script" or (element.get("src").startswith("/static/js/") and not element.text)
        assert not [name for name in element.attributes if name == "style" or name.startswith("on")]
        for name in ("href", "src", "srcset", "action"):
            address = element.get(name)
            if state.template in TO_AN_APP and address.startswith(CALLBACK):
                continue
            assert address.startswith(("/", "#")) or not address, f"{address} is not ours"
            assert not address.startswith("//")


@every_state
@pytest.mark.promise(36)
def test_every_post_form_carries_proof_that_it_is_ours_and_one_button(state: State) -> None:
    page = show(state.template, state.context)

    others = [form for form in page.all("form") if form not in page.post_forms()]
    assert {(form.get("method"), form.get("class")) for form in others} <= {("get", "ticking")}, (
        "they ask, and do nothing"
    )
    for form in page.post_forms():
        if state.template in TO_AN_APP:
            continue
        assert form.get("action")
        proof, *fields = [field for field in page.inside(form) if field.tag == "input"]
        assert proof.get("name") == "csrfmiddlewaretoken"
        assert {field.get("id") for field in fields} == {
            label.get("for") for label in page.inside(form) if label.tag == "label"
        }
        assert len([button for button in page.inside(form) if button.tag == "button"]) == 1


@pytest.mark.parametrize("template", sorted(TO_AN_APP))
def test_a_page_that_leads_back_to_an_app_gives_it_the_answer_and_no_proof_of_ours(template: str) -> None:
    (state,) = [state for state in STATES.values() if state.template == template]
    page = show(state.template, state.context)

    leads = [element.get("href") or element.get("action") for element in page.all("a", "form")]
    (button,) = [element for element in page.all("a", "button") if element.get("class") == "button"]
    assert [lead for lead in leads if lead != "#main"] == [state.context.get("url") or state.context["action"]]
    assert {field.get("name") for field in page.all("input")} == set(state.context.get("fields", {}))  # type: ignore[call-overload]
    assert button.text == "Continue"


@every_state
def test_everything_that_can_be_pressed_has_a_name_and_every_picture_a_text(state: State) -> None:
    page = show(state.template, state.context)

    for element in page.all("a", "button"):
        assert element.text.strip()
        assert element.get("aria-label").startswith(" ".join(element.text.split())) or not element.get("aria-label")
    assert all("alt" in picture.attributes for picture in page.all("img"))


@every_state
def test_ids_are_given_once_and_what_refers_to_one_finds_it(state: State) -> None:
    elements = show(state.template, state.context).elements
    ids = [element.get("id") for element in elements if element.get("id")]

    assert len(ids) == len(set(ids))
    for element in elements:
        for name in ("aria-labelledby", "aria-describedby", "for"):
            assert set(element.get(name).split()) <= set(ids)


@pytest.mark.parametrize("name", OWN_FORM_LAST)
@pytest.mark.promise(22)
def test_the_form_that_a_page_is_about_is_its_only_post_form(name: str) -> None:
    state = STATES[name]
    (form,) = show(state.template, state.context).post_forms()

    assert form.get("action") == state.context.get("action", "/accounts/logout/")


def test_the_provider_used_last_comes_first_and_says_so() -> None:
    known = STATES["accounts-sign_in-known-browser"]
    page = show(known.template, known.context)

    order = [form.get("action").split("/")[2] for form in page.post_forms()]
    assert order == ["github", "google", "microsoft", "keycloak"]
    assert text(known.name).count("You used this last time.") == 1
    assert "last time" not in text("accounts-sign_in-first-visit")


def test_a_provider_that_is_down_is_still_offered_and_says_so() -> None:
    assert text("accounts-sign_in-provider-down").count("It could not be used a moment ago.") == 2
    assert text("accounts-sign_in-provider-down").count("Continue with") == 4


def test_without_a_provider_the_sign_in_page_says_who_can_set_one_up() -> None:
    assert "once an administrator has set up a provider" in text("accounts-sign_in-no-provider")


@pytest.mark.parametrize("name", ["accounts-sign_in-signed-out", "accounts-connections-two"])
def test_a_notice_is_told_in_a_live_region(name: str) -> None:
    state = STATES[name]
    (status,) = [element for element in show(state.template, state.context).elements if element.get("role") == "status"]

    assert status.get("aria-live") == "polite"
    assert [status.text] == [str(message) for message in state.context["messages"]]  # type: ignore[attr-defined]


def test_the_header_leads_the_signed_in_to_their_account_and_out() -> None:
    def header(name: str) -> list[str]:
        (banner,) = show(STATES[name].template, STATES[name].context).all("header")
        return banner.text.split()

    assert header("accounts-account-lived-in") == ["Vestibule", "Account", "Sign", "out"]
    assert header("providers-confirm-sign-in") == ["Vestibule"]


def test_the_only_way_in_cannot_be_disconnected_and_says_why() -> None:
    assert "This is your only sign-in method, so it stays." in text("accounts-connections-only-one")
    assert "Disconnect" not in text("accounts-connections-only-one")


@pytest.mark.promise(21)
@pytest.mark.parametrize("name", ["providers-refusal-retry", "providers-refusal-no-retry", "providers-clash-all-ways"])
def test_a_refusal_names_its_reference_and_a_way_on(name: str) -> None:
    state = STATES[name]
    page = show(state.template, state.context)

    assert "Reference 7F3K-Q2" in text(name)
    assert [link for link in page.all("a") if "button" in link.get("class")] or page.post_forms()


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_page_needs_neither_request_nor_context_and_has_a_way_on(error: str) -> None:
    page = read(get_template(f"{error}.html").render())

    assert [link for link in page.all("a") if link.get("class") == "button"]
    assert "Reference" not in page.all("main")[0].text


def test_an_error_page_never_asks_who_is_there() -> None:
    state = STATES["500-with-reference"]

    assert "Sign out" not in show(state.template, state.context).all("header")[0].text
    assert "Reference 7F3K-Q2" in text(state.name)


def test_a_moment_is_told_roughly_and_kept_exactly() -> None:
    state = STATES["accounts-account-lived-in"]
    times = show(state.template, state.context).all("time")

    assert [time.text for time in times][1:] == ["1 year ago", "5 days ago"]
    assert all("T" in time.get("datetime") for time in times)
    assert times[1].get("title").endswith("UTC")


def test_what_people_are_called_is_never_markup() -> None:
    context = {**STATES["accounts-account-lived-in"].context, "site_name": "<b>&</b>"}
    page = show("accounts/account.html", context)

    assert not page.all("b")
    assert page.all("header")[0].text.strip().startswith("<b>&</b>")


def test_the_admin_wears_the_house_s_clothes_and_name() -> None:
    page = show("admin/base_site.html", {"title": "Users", "site_header": "Vestibule", "is_popup": False})

    sheets = [link.get("href") for link in page.all("link") if link.get("rel") == "stylesheet"]
    assert sheets.index("/static/admin/css/base.css") < sheets.index("/static/css/admin.css")
    assert "Vestibule" in page.all("header")[0].text
