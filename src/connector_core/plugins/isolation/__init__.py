"""A connector in a process of its own: what it does there stays there.

The promise: whatever a connector does to its process (hangs, takes memory, writes to its standard output, starts other
processes, dies), the process that asks it goes on, is answered or told within a bounded time, and leaves nothing of the
connector's running. What comes from the connector is read as data of a known shape and bounded length, never as code.

It is no sandbox: the connector runs in the account of the service, and may read the files that the account may read.
"""
