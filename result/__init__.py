"""What a run found, as plain data, and the files that hold it."""
