"""Plugins: hook specifications, the connector protocol, the guarded loader and its typed facade.

A plugin needs one name of this package, `hookimpl`; everything else it imports from the module that defines it.
"""

from connector_core.plugins.hookspecs import hookimpl

__all__ = ["hookimpl"]
