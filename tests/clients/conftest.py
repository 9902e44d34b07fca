"""A real Vestibule over HTTP, and the example of a back end that verifies its tokens."""

from collections.abc import Iterator

import pytest

from authserver.keys import ring
from tests.authserver.peers.conftest import vestibule
from tests.clients.backend import Backend, serving
from tests.clients.local_issuer import LocalIssuer, local_issuer

__all__ = ["vestibule"]


@pytest.fixture(autouse=True)
def _keys_of_no_other_test() -> Iterator[None]:
    ring.forget()
    yield
    ring.forget()


@pytest.fixture
def backend(vestibule: str) -> Iterator[Backend]:
    with serving(vestibule) as found:
        yield found


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    with local_issuer() as found:
        yield found
