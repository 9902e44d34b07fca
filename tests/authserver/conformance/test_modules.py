"""Every module of the plans has a test that is named after it, and docs/conformance.md says what it asserts."""

from tests.support import conformance

BASIC, FORM_POST = "oidcc-basic-certification-test-plan", "oidcc-formpost-basic-certification-test-plan"
NUMBERS = {
    BASIC: 38,
    FORM_POST: 38,
    "oidcc-config-certification-test-plan": 1,
    "oidcc-rp-initiated-logout-certification-test-plan": 11,
    "oidcc-backchannel-rp-initiated-logout-certification-test-plan": 2,
}  # of modules, by plan


def test_every_module_of_the_plans_has_a_test_that_says_what_it_asserts() -> None:
    modules = {plan["name"]: plan["modules"] for plan in conformance.plans()}
    named = {conformance.name_of_test(module) for found in modules.values() for module in found}
    tests = conformance.tests()

    assert {plan: len(set(found)) for plan, found in modules.items()} == NUMBERS
    assert named == tests.keys()
    assert [name for name, test in tests.items() if not test.says.endswith(".") or "|" in test.says] == []


def test_the_tests_of_the_form_post_plan_are_those_of_the_basic_plan() -> None:
    """The fixture of ``basic/conftest.py`` runs each test of that folder in both modes."""
    modules = {plan["name"]: plan["modules"] for plan in conformance.plans()}
    files = {name: test.file for name, test in conformance.tests().items()}

    assert modules[FORM_POST] == modules[BASIC]
    assert {files[conformance.name_of_test(module)].parent.name for module in modules[BASIC]} == {"basic"}


def test_the_page_of_the_modules_is_what_the_tests_say() -> None:
    assert conformance.PAGE.read_text() == conformance.page(), "run `make docs`"
