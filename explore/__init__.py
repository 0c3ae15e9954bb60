"""Exploring all step sequences on a small machine: do two variants ever part, and how soonest?"""
