"""Perennia: subscription management and recurring billing."""
