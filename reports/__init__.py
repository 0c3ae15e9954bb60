"""One result, many readers: each module renders the result of a comparison in one form."""
