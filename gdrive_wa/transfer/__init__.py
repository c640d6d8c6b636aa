"""Stored bytes, from wherever they lie into verified files; resumable, and never half there."""
