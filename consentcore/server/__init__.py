"""The HTTP server behind ``consentcore serve``: a supervisor, its web processes and the embedded worker.

``supervisor.serve`` is what the command line calls. ``proxied.create_app`` is for people who prefer gunicorn.
"""
