"""The console of those who run the platform: views and page models, under ``/operator/``. Nothing stands here yet."""
