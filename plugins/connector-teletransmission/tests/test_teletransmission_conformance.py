"""The conformance kit on the samples of `fixtures/teletransmission`."""

import pytest

from connector_core.testing import ConnectorContract

pytestmark = pytest.mark.kit


class TestTeletransmission(ConnectorContract):
    connector = "teletransmission"
    samples = "../../../fixtures/teletransmission"
    level = "gold"
