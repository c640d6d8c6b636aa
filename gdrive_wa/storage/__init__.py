"""Atomic file writes, and the manifest of a folder's files."""
