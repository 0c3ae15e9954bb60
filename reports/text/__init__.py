"""Text that all forms of report share: kinds of judgement, names, plain text and Markdown."""
