"""Plugins: specifications, registry, settings."""
