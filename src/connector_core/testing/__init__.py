"""For tests: rule cases as data, and the synthetic practice."""
