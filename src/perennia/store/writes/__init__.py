"""Lock, insert, update, append to the outbox. Only operations call these."""
