"""Operators: the people of the enterprise that runs this, and what their console does. Nothing yet.

Here will stand the service for their accounts and roles, and the searches of evidence that a console and a command
share; what they do to clients, owners, endpoints and grants stands with these.
"""
