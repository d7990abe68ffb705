"""Applications: registered, changed, kept out."""
