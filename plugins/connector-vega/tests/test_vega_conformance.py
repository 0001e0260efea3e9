"""The conformance kit on the samples of `fixtures/vega`."""

import pytest

from connector_core.testing import ConnectorContract

pytestmark = pytest.mark.kit


class TestVega(ConnectorContract):
    connector = "vega"
    samples = "../../../fixtures/vega"
    level = "gold"
