"""A keyring backend for a Windows service: `[secrets] keyring = "dpapi"`.

Each value is encrypted by Windows with a key of the machine (DPAPI, machine scope) and bound to its name, and the file
lies in a folder that admits the account that made it, SYSTEM and the Administrators. Any program of the machine could
ask Windows to decrypt: the folder's access list is the barrier, and the encryption makes a copy of the file useless on
another machine.
"""

from __future__ import annotations

import base64
import binascii
import sys
from pathlib import Path
from typing import Protocol

from connector_core.errors import ConfigurationError
from connector_core.secrets.file_keyring import FileKeyring

_MACHINE = 0x4
"""CRYPTPROTECT_LOCAL_MACHINE"""
_NO_WINDOW = 0x1
"""CRYPTPROTECT_UI_FORBIDDEN"""


class Protector(Protocol):
    """Encrypts for this machine. `entropy` must be the same to decrypt. Raise OSError when the system refuses."""

    def protect(self, content: bytes, entropy: bytes) -> bytes: ...

    def unprotect(self, sealed: bytes, entropy: bytes) -> bytes: ...


class DpapiKeyring(FileKeyring):
    """Secrets in `<folder>/secrets.dpapi.json`, each encrypted by a protector."""

    file_name = "secrets.dpapi.json"

    def __init__(self, folder: Path, protector: Protector) -> None:
        super().__init__(folder)
        self._protector = protector

    def _sealed(self, service: str, username: str, value: str) -> str:
        sealed = self._protector.protect(value.encode("utf-8"), _entropy(service, username))
        return base64.b64encode(sealed).decode("ascii")

    def _opened(self, service: str, username: str, kept: str) -> str:
        try:
            sealed = base64.b64decode(kept, validate=True)
            return self._protector.unprotect(sealed, _entropy(service, username)).decode("utf-8")
        except (OSError, binascii.Error, UnicodeDecodeError) as error:
            kind = type(error).__name__
        raise ConfigurationError(
            f"Windows ne déchiffre pas ce secret ({kind}) : il vient d'un autre ordinateur, ou il est abîmé",
            where=f"secret « {username} »",
            remedy=f"Enregistrez-le de nouveau par « connector secrets set {username} »",
        )


class MachineProtector:
    """Windows' own, with the key of the machine."""

    def __init__(self) -> None:
        if sys.platform != "win32":
            raise ConfigurationError(
                "le trousseau « dpapi » n'existe que sous Windows",
                where="[secrets] keyring",
                remedy="Choisissez « system », « systemd » ou « file »",
            )

    def protect(self, content: bytes, entropy: bytes) -> bytes:
        return _call("CryptProtectData", content, entropy, _MACHINE | _NO_WINDOW)

    def unprotect(self, sealed: bytes, entropy: bytes) -> bytes:
        return _call("CryptUnprotectData", sealed, entropy, _NO_WINDOW)


def _entropy(service: str, username: str) -> bytes:
    return f"{service}\0{username}".encode()


def _call(function: str, content: bytes, entropy: bytes, flags: int) -> bytes:
    """One of the two functions of DPAPI, which have the same arguments."""
    if sys.platform == "win32":
        import ctypes
        from ctypes import wintypes

        class Blob(ctypes.Structure):
            _fields_ = (("size", wintypes.DWORD), ("data", ctypes.c_void_p))

        def blob(text: bytes) -> tuple[Blob, object]:
            buffer = ctypes.create_string_buffer(text, max(1, len(text)))
            return Blob(len(text), ctypes.cast(buffer, ctypes.c_void_p)), buffer

        crypt = ctypes.WinDLL("crypt32", use_last_error=True)
        call = getattr(crypt, function)
        pointer = ctypes.POINTER(Blob)
        call.argtypes = (
            pointer, ctypes.c_void_p, pointer, ctypes.c_void_p, ctypes.c_void_p, wintypes.DWORD, pointer,
        )  # fmt: skip
        call.restype = wintypes.BOOL
        given, kept = blob(content)
        bound, also_kept = blob(entropy)
        answer = Blob()
        if not call(given, None, bound, None, None, flags, answer):
            raise ctypes.WinError(ctypes.get_last_error())
        try:
            return ctypes.string_at(answer.data or 0, answer.size)
        finally:
            free = ctypes.WinDLL("kernel32").LocalFree
            free.argtypes = (ctypes.c_void_p,)
            free(answer.data)
            del kept, also_kept
    raise OSError("DPAPI is a part of Windows")
