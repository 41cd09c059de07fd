"""Values, codes and explanations to text in a language."""
