"""What a person asks for, each job a function."""
