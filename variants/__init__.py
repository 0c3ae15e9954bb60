"""Variants: one small policy per kernel patch, and the code that runs it on the engine."""
