"""Kills, breaks and fills what the platform stands on while people use it, and looks at the truth afterwards."""
