"""One module per measured figure; `stand` holds what they share. docs/benchmarks.md says how each is measured."""
