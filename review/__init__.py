"""Reviewing a patch series on real kernels: built, explored against each other, and judged."""
