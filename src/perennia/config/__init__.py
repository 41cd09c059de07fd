"""Settings, the clock, the embedded server, and the one place that wires."""
