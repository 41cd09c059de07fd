"""Questions; they return domain values or plain rows, never a model."""
