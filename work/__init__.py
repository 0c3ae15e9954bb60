"""Doing work and keeping it: pools of workers, chunks, the worker contract, and the store."""
