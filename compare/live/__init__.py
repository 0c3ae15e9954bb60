"""Real kernels put to work: recorded, and confronted with the models."""
