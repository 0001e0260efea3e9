"""The configuration of an installation: what may be set (`model`), how it is read (`load`), described (`schema`) and
written for the first time (`template`).

Nothing is imported here on purpose: `connector --version` must not pay for it.
"""
