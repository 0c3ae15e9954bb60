"""Programs that make pages of the documentation; they are not installed."""
