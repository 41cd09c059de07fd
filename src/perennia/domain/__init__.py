"""Pure rules: facts in, decision out. Standard library only."""
