"""Sweeps: run grids of machines and additions of memory, and find their frontiers."""
