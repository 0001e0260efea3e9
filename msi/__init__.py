"""The Windows installer, built on Linux: an interpreter of its own, pinned wheels, one .msi.

    python -m msi --embeddable python-3.11.9-embed-amd64.zip

needs uv (a package), and wixl and wixl-heat (Debian: wixl).
"""
