"""Flags written into the vendor's software, where its dialect allows it and the practice wants it."""
