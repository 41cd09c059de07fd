"""Loops that claim due work."""
