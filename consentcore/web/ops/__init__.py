"""What operations ask: signs of life and numbers."""
