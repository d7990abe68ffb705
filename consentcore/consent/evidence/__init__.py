"""The evidence as a transparency log: who signs it, what is signed, and what it is held against."""
