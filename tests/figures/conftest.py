"""Every figure here is drawn of the four published conditions, unless a test hands it another `look`."""

import pytest

from report import style
from tests.support import planted


@pytest.fixture(autouse=True, scope="session")
def published_look():
    with style.showing(planted.LOOK):
        yield
