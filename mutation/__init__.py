"""Mutation testing of the rule modules: `python -m mutation --help`."""
