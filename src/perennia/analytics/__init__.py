"""Revenue and subscriber statistics: SQL over the tables."""
