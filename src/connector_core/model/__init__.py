"""The common model: what every connector produces and every rule reads."""
