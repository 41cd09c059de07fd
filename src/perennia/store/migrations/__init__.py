"""One history, forward only."""
