"""Patch series: read them from git or mails, and line them up with the variant that models them."""
