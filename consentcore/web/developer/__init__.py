"""What those who make applications look at: views and page models."""
