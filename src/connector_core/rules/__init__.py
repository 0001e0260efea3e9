"""The rule kernel and the shared rule base."""
