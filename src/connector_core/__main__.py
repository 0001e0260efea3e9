"""`python -m connector_core`."""

from connector_core.cli.main import main

if __name__ == "__main__":
    main()
