"""The authorization server: oauthlib behind a strict front, one file per concern.

What oauthlib gets wrong is mended around it; gaps are named by their number in
``tests/unit/oauth/test_oauthlib_gaps.py``.
"""
