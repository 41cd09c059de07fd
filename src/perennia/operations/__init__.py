"""What a person or a machine can do; each opens one transaction."""
