"""What the rows of a file are told apart and compared by: hashes, so that no content of theirs has to be kept.

Whoever fetches rows from a database and whoever keeps what they said must come to the same hashes: both take them here.
"""

from __future__ import annotations

from collections.abc import Callable

import xxhash

KEY_BYTES = 8
_TAB = b"\t"

row_hash: Callable[[bytes, int], bytes] = xxhash.xxh3_128_digest
"""The hash of a row's bytes, with the seed of its table."""


class Seeds(dict[str, int]):
    """The seed of each table's hashes, so that equal rows of two tables are not taken for one."""

    def __missing__(self, table: str) -> int:
        seed = self[table] = xxhash.xxh3_64_intdigest(table.encode())
        return seed


def key_hash(row: bytes, width: int) -> bytes:
    """The hash of the key of an extract's row: its first `width` columns."""
    key = row.partition(_TAB)[0] if width == 1 else _TAB.join(row.split(_TAB, width)[:width])
    return xxhash.xxh3_64_digest(key)
