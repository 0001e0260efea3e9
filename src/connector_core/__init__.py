"""connector: watches a practice's software, checks what it bills, and says what to do today."""

__version__ = "0.1.0"
