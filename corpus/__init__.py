"""The scenarios that every variant is put through, and the loader that reads and checks them."""
