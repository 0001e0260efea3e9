"""Why a file does not open: Windows says of one that another program keeps that access is denied, too."""

from __future__ import annotations

import sys
from pathlib import Path


def forbidden(path: Path, *, writing: bool = False) -> bool:
    """Whether it is for want of rights that a file does not open, and not since another program keeps it."""
    if sys.platform == "win32":
        import pywintypes
        import win32file
        import winerror

        wanted = win32file.GENERIC_WRITE if writing else win32file.GENERIC_READ
        shared = win32file.FILE_SHARE_READ | win32file.FILE_SHARE_WRITE | win32file.FILE_SHARE_DELETE
        try:
            win32file.CreateFile(str(path), wanted, shared, None, win32file.OPEN_EXISTING, 0, None).Close()
        except pywintypes.error as error:
            return bool(error.winerror == winerror.ERROR_ACCESS_DENIED)
        return False
    else:  # noqa: RET505  # mypy tells the systems apart by the branches of one statement
        return True
