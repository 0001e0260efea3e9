"""What is measured: each module is one fresh process that does its work, then says how it went in a line of JSON.

Modules named after a peer import nothing of connector: they run in the peer's own environment.
"""
