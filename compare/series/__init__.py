"""Patch series: read from git or a mailbox, and lined up with the variant that models them."""
