"""Where the platform keeps configuration and data.

On Windows both are shared by the machine (`C:\\ProgramData\\Connector`): the service and the person at the screen are
different accounts and must read the same file. Elsewhere they belong to the account that runs the service.
"""

from __future__ import annotations

import sys
from pathlib import Path

FILE_NAME = "connector.toml"


def configuration_folder() -> Path:
    """The folder in which `connector.toml` is looked for when no file is named; it may not exist."""
    import platformdirs

    windows = sys.platform == "win32"
    return (
        platformdirs.site_config_path("Connector", appauthor=False)
        if windows
        else platformdirs.user_config_path("connector")
    )


def data_folder() -> Path:
    """The folder of the store and the spool unless `[data] folder` says otherwise; it may not exist."""
    import platformdirs

    windows = sys.platform == "win32"
    return (
        platformdirs.site_data_path("Connector", appauthor=False)
        if windows
        else platformdirs.user_data_path("connector")
    )
