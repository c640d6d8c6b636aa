"""Shared basics: errors, data types, kinds, names, progress. Imports no other subpackage."""
