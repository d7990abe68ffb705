"""Views, one folder per audience."""
