"""Mistakes of meaning in a scenario: what is well-formed, but cannot happen or says nothing.

Writing wrong values to files is no mistake: what a kernel does with them is worth knowing.
"""
