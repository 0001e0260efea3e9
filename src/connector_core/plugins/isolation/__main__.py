"""What the process of a plugin runs."""

from connector_core.plugins.isolation.child import main

main()
