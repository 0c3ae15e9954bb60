"""Scenarios, claims and recordings, and the code that reads and checks their files."""
