"""One way through: `attempt` is the file to read first. `ingest` reads files into dossiers, `recheck` asks the
rules."""
