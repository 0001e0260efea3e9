"""`pytest --pyargs connector_core.testing --connector ID --samples DIR`: the contract of a connector without a line."""

from connector_core.testing.contract import ConnectorContract


class TestConnector(ConnectorContract):
    """The connector and its samples are named on the command line."""
