"""What leaves the store: the answer of a check, the practice's report, and the files they are written to."""
