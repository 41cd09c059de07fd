"""What the figures share: a throw-away installation, a population, crews of processes, meters, limits and controls."""
