"""``/api/v1``: what an application may ask and do with its own credentials; JSON, without cookies."""
