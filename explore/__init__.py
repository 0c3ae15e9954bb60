"""Explore all sequences of steps on a small machine: do two variants differ, and how soon?"""
