"""The life of findings: open, dismissed with a reason, resolved, resurfaced; and what changed between two checks."""
