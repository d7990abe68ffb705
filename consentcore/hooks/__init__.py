"""Plugins: the hooks, and how plugins are found, loaded, checked and called."""
