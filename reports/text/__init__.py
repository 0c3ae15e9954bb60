"""Words and markup that all forms of report share."""
