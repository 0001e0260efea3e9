"""Readers: bytes become rows with their place, lazily and in constant memory.

A reader knows nothing of the model, of dialects or of plugins. It yields `Row`s whose `raw` bytes are their identity;
the splitter of the same format turns `raw` into text values, later and only where they are needed.

Damage of a whole file is a `FileRefused` met at its place, after the rows before it; a bad row is a `RowRefused` of the
splitter. Neither ever holds a value that was read.
"""
