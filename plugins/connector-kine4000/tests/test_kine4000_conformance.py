"""The conformance kit on the samples of `fixtures/kine4000`."""

import pytest

from connector_core.testing import ConnectorContract

pytestmark = pytest.mark.kit


class TestKine4000(ConnectorContract):
    connector = "kine4000"
    samples = "../../../fixtures/kine4000"
    level = "gold"
