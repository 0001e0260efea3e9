"""How a secret is named and referred to."""

from __future__ import annotations

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""The name of a secret."""

REFERENCE = rf"^secret:({NAME})$"
"""A reference as it is written in a configuration; group 1 is the name."""

STORE_KEY = "store-key"
"""The name of the key of the encrypted store."""

NEXT_STORE_KEY = "store-key.next"
"""The name of the key to which the store is being re-encrypted."""

FORMER_STORE_KEY = "store-key.former"
"""The name of the key that the store had, as long as a backup still has it."""

RESERVED = (STORE_KEY, NEXT_STORE_KEY, FORMER_STORE_KEY)
"""Names that no source may refer to."""
