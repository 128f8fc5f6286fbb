"""What tests of analyses share."""

import numpy as np
import pytest


@pytest.fixture
def random():
    """The same chance for every test."""
    return np.random.default_rng(0)
