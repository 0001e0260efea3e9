"""Accounts and access lists on Windows, by SID and in SDDL, through pywin32."""

from __future__ import annotations

import sys
from pathlib import Path

SYSTEM, ADMINISTRATORS = "S-1-5-18", "S-1-5-32-544"

if sys.platform == "win32":
    import pywintypes
    import win32api
    import win32con
    import win32security

    _LIST = win32security.DACL_SECURITY_INFORMATION
    _PROTECTED = -0x80000000
    """PROTECTED_DACL_SECURITY_INFORMATION, as the signed number that pywin32 takes: nothing is inherited from above."""

    def own_sid() -> str:
        """The account of this process, as a SID."""
        token = win32security.OpenProcessToken(win32api.GetCurrentProcess(), win32con.TOKEN_QUERY)
        try:
            return sid_of(token)
        finally:
            token.Close()

    def sid_of(token: object) -> str:
        """The account of a token, as a SID."""
        sid, _ = win32security.GetTokenInformation(token, win32security.TokenUser)
        return str(win32security.ConvertSidToStringSid(sid))

    def sid_named(account: str) -> str | None:
        """The SID of an account by its name (`marie`, `CABINET\\marie`); None when there is none."""
        try:
            sid, _, _ = win32security.LookupAccountName(None, account)
        except pywintypes.error:
            return None
        return str(win32security.ConvertSidToStringSid(sid))

    def admit_only(path: Path, account: str) -> None:
        """Let an account, SYSTEM and the Administrators do everything with a folder or a file, and nobody else."""
        full = "".join(f"(A;OICI;FA;;;{sid})" for sid in (account, SYSTEM, ADMINISTRATORS))
        descriptor = win32security.ConvertStringSecurityDescriptorToSecurityDescriptor(
            f"D:P{full}", win32security.SDDL_REVISION_1
        )
        try:
            win32security.SetFileSecurity(str(path), _LIST | _PROTECTED, descriptor)
        except pywintypes.error as error:
            raise PermissionError(error.winerror, error.strerror, str(path)) from None

    def owner_of(path: Path) -> str | None:
        """The account that owns a file or a folder, as a SID; None when it is not there or not told."""
        try:
            descriptor = win32security.GetFileSecurity(str(path), win32security.OWNER_SECURITY_INFORMATION)
        except pywintypes.error:
            return None
        return str(win32security.ConvertSidToStringSid(descriptor.GetSecurityDescriptorOwner()))

    def listed(path: Path) -> str:
        """The access list of a file or a folder."""
        try:
            descriptor = win32security.GetFileSecurity(str(path), _LIST)
        except pywintypes.error as error:
            raise PermissionError(error.winerror, error.strerror, str(path)) from None
        return str(
            win32security.ConvertSecurityDescriptorToStringSecurityDescriptor(
                descriptor, win32security.SDDL_REVISION_1, _LIST
            )
        )
