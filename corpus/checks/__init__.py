"""Mistakes of meaning in a scenario: well-formed parts that cannot happen or show nothing.

Writing wrong values to files is no mistake: what a kernel does with them is worth knowing.
"""
