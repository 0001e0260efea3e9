"""The conformance kit on the samples of `fixtures/kinemax`."""

import pytest

from connector_core.testing import ConnectorContract

pytestmark = pytest.mark.kit


class TestKinemax(ConnectorContract):
    connector = "kinemax"
    samples = "../../../fixtures/kinemax"
    level = "gold"
