"""The command line: one module per command, imported only when it is used.

The group is in `main`, what commands share is in `context`, errors become words and exit codes in `boundary`.
"""
