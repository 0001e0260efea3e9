"""What proves connector and its plugins: the conformance kit for vendors, cases of rules, synthetic practices.

A vendor's conformance test is three lines; `connector_core.testing.contract` says what they may be.

```python
from connector_core.testing import ConnectorContract

class TestAcme(ConnectorContract):
    connector = "acme"
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector_core.testing.contract import ConnectorContract

__all__ = ["ConnectorContract"]


def __getattr__(name: str) -> object:
    """Import the contract when it is asked for: the package is imported with every pytest of who has connector."""
    if name == "ConnectorContract":
        from connector_core.testing.contract import ConnectorContract

        return ConnectorContract
    raise AttributeError(name)
