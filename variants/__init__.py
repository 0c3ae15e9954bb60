"""What is compared: one small policy per kernel patch, and the means to run it on the engine."""
