"""Vendor knowledge as data: a dialect says how a vendor's rows become records of the common model."""
