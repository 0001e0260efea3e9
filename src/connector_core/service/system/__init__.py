"""The daemon as a service of each operating system: systemd, launchd, Windows."""
