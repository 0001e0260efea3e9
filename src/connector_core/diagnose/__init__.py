"""What the commands that explain compute: what a file is (`inspect`), what a rule or a finding says (`explain`)."""
