"""The portal of those who make applications: views and page models, under ``/developer/``. Nothing stands here yet."""
