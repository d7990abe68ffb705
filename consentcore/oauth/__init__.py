"""The authorization server: oauthlib behind a strict front, one file per concern."""
