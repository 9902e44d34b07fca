"""The log has one line for each event, whatever clients send."""

import json
import logging
import logging.config
from collections.abc import Iterator
from io import StringIO
from uuid import uuid4

import pytest
import structlog

from audit.context import acting
from config.logs import PROCESSORS


@pytest.fixture
def lines() -> Iterator[StringIO]:
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=PROCESSORS,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logger = logging.getLogger("tests.lines")
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


@pytest.mark.promise(76)
def test_a_callers_line_breaks_make_no_lines(lines: StringIO) -> None:
    logging.getLogger("tests.lines").warning("tried %s", "x\nERROR all is lost\r\u2028\x1b[2J")

    assert len(lines.getvalue().splitlines()) == 1
    assert "\x1b" not in json.loads(lines.getvalue())["event"]


@pytest.mark.promise(76)
def test_a_line_names_its_request(lines: StringIO) -> None:
    request_id = uuid4()
    with acting(request_id=request_id):
        logging.getLogger("tests.lines").warning("something")

    assert json.loads(lines.getvalue())["request_id"] == str(request_id)


@pytest.mark.promise(76)
@pytest.mark.parametrize("slash", ["/", "%2F", "%2f"])
def test_a_mailed_link_in_a_line_leads_nowhere(lines: StringIO, slash: str) -> None:
    token = "aB3-_" * 8 + "xyz"
    logging.getLogger("tests.lines").warning("Forbidden: /accounts/links%s%s/ and more", slash, token)

    assert token not in lines.getvalue()
    assert "and more" in lines.getvalue()
