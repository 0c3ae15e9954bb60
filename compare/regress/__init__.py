"""What two revisions of a repository make of the same scenarios and variants."""
