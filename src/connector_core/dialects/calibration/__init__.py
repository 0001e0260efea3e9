"""Proposes a dialect for an export nobody has seen: from its values, from what columns say together, from titles.

Reading goes one way: `files` (or whatever else gives a `sample.Sample`) → `shapes` (what one column's values are) →
`relations` (how columns of all tables hang together) → `scoring` (how well a column fits a field) → `pairing` (which
column fills which field, in a table of given kinds) → `solving` (one best assignment of tables to kinds) → `planning` →
`writing` (the dialect as commented TOML).
Nothing here shows a value: an example is always masked.
"""
