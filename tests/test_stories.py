"""A run of all tests fails where an event never happens: the check itself, on runs of its own."""

import psycopg
import pytest

from accounts.sign_in.rate_limits import count
from audit.event_details import details_of
from audit.events import Event, record
from config.variables import CHECKOUT
from tests.support.servers import Servers
from tests.support.stories import Stories, undescribed, untold

pytest_plugins = ["pytester"]


@pytest.fixture
def stories(pytestconfig: pytest.Config) -> Stories:
    found = [plugin for plugin in pytestconfig.pluginmanager.get_plugins() if isinstance(plugin, Stories)]
    assert len(found) == 1
    return found[0]


@pytest.mark.django_db
def test_what_the_product_records_is_heard_and_what_a_test_records_is_none(
    stories: Stories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stories, "heard", {})
    record(Event.SIGN_IN_SUCCEEDED)
    assert stories.heard == {}

    for _time in range(2):
        count("a-story", "nobody", limit=1, seconds=60)
    assert stories.heard == {"rate_limit.exceeded": {"kind", "limit", "seconds"}}


def test_a_run_that_misses_an_event_or_finds_another_detail_is_told_so() -> None:
    complete = {event.value: set(details_of(event)) for event in Event}
    assert undescribed(complete) == untold(complete) == undescribed({}) == []

    without = {name: details for name, details in complete.items() if name != "sign_in.refused"}
    assert untold(without) == ["sign_in.refused was recorded by no story"]
    more = complete | {"sign_out.succeeded": {"mood"}}
    assert undescribed(more) == ["sign_out.succeeded holds mood, which is not described"]
    less = complete | {"account.enrolled": set()}
    assert untold(less) == ["account.enrolled never held provider"]


@pytest.mark.process
def test_a_run_of_one_test_fails_too_where_it_records_an_undescribed_detail(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    options = ["-p", "no:randomly", "-p", "no:django", "here/test_nothing.py"]
    plugin = "from tests.support.stories import Stories\ndef pytest_configure(config):\n    stories = Stories(config)\n"
    plugin += "    stories.heard['rate_limit.exceeded'] = {'mood'}\n    config.pluginmanager.register(stories)\n"
    pytester.makepyfile(**{"here/conftest": plugin, "here/test_nothing": "def test_nothing():\n    pass\n"})
    part = pytester.runpytest_subprocess(*options)

    assert part.ret == pytest.ExitCode.TESTS_FAILED
    part.stdout.fnmatch_lines(["*rate_limit.exceeded holds mood, which is not described*"])


@pytest.mark.process
@pytest.mark.parametrize("processes", [[], ["-n", "2"]])
def test_a_run_ends_as_failed_in_one_process_and_in_several(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, processes: list[str]
) -> None:
    """In runs of one test, in which no event happens."""
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    pytester.makeini("[pytest]\ntestpaths = here\n")
    plugin = "from tests.support.stories import Stories\ndef pytest_configure(config):\n"
    plugin += "    config.pluginmanager.register(Stories(config))\n"
    pytester.makepyfile(**{"here/conftest": plugin, "here/test_nothing": "def test_nothing():\n    pass\n"})
    options = ["-p", "no:randomly", "-p", "no:django", *processes]
    whole = pytester.runpytest_subprocess(*options)
    part = pytester.runpytest_subprocess(*options, "here/test_nothing.py")

    assert (whole.ret, part.ret) == (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.OK)
    whole.stdout.fnmatch_lines(["*sign_in.refused was recorded by no story*"])


@pytest.mark.django_db(transaction=True)
def test_what_the_databases_own_functions_record_is_heard_too(
    stories: Stories, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stories, "heard", {})
    with psycopg.connect(servers.owner_url) as owner:
        owner.execute("SELECT audit_set_minimum(400)")
        owner.rollback()
    stories.ask(servers.superuser_url)

    assert stories.heard["retention.minimum_set"] == {"before", "days"}
