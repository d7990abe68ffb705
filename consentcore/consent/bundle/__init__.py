"""Bundles of evidence that anybody can check: written out of the store, read without it."""
