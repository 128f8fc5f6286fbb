"""Figures in these tests are of the published study, unless a test hands them another `look`."""

import planted
import pytest

from report import style


@pytest.fixture(autouse=True)
def published():
    with style.showing(planted.LOOK):
        yield
