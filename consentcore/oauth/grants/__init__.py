"""The grant types, one a file."""
