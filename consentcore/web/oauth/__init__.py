"""Protocol routes: authorize, token, revoke, introspect, metadata, keys."""
