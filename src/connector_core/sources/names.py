"""The name of a file as text that a store, a message and a screen can hold.

A disk or a share gives names that are no text: bytes that an older Windows, an archive or a stick left in its own code
page. They are read as that page (Windows-1252); what no screen shows, such as a line end, becomes a replacement sign.
The file itself is only ever found under the name that the system gave.
"""

from __future__ import annotations

import os

_UNSHOWN = "\N{REPLACEMENT CHARACTER}"


def written_name(name: str) -> str:
    """The name of a file, as the system gives it, in printable text that UTF-8 can encode."""
    try:
        name.encode()
    except UnicodeEncodeError:
        name = os.fsencode(name).decode("cp1252", errors="replace")
    return "".join(each if each.isprintable() else _UNSHOWN for each in name)
