"""What is owed, by whom and since when; what became of an invoice. Pure: dossiers in, lines out."""
