"""Resumable, verified downloads of stored bytes."""
