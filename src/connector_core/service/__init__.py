"""The daemon, and what it is made of."""
