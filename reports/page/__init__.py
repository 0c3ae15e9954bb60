"""The sections of the HTML page, each as plain data that a template renders."""
