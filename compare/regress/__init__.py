"""Compare the outcomes of two revisions of a repository."""
