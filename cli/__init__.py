"""The command `zonediff`: one module per subcommand."""
