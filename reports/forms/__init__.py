"""The forms of report: a module for each, with `render(result)`."""
