"""The result of a run as plain data, and the files that hold it."""
