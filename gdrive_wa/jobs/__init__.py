"""The jobs that a user asks for; each is a function."""
