"""Scenarios and variants that are well-formed and yet say nothing: found by running them."""
