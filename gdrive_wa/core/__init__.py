"""What every room speaks in: errors, nouns, kinds, names, progress. Imports nothing else."""
