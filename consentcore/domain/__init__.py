"""The words of consentcore as plain values; standard library only."""
