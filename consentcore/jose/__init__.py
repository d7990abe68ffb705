"""JSON Web Signatures: which algorithms, and how a signed token is read."""
