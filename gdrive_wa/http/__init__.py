"""Connections, trust, retries and rate limits."""
