"""The command line: one module a command. It translates, and decides nothing."""
