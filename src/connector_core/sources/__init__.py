"""Sources: watched folders, and the private copies that are read."""
