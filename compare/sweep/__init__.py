"""Sweeps: grids of machines and additions of memory, run point by point, and their frontiers."""
