"""The conformance kit on the samples of `fixtures/banque`."""

import pytest

from connector_core.testing import ConnectorContract

pytestmark = pytest.mark.kit


class TestBanque(ConnectorContract):
    connector = "banque"
    samples = "../../../fixtures/banque"
    level = "gold"
