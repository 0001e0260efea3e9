"""The store: one encrypted SQLite file with what was read, what was found, and where each file stands."""
