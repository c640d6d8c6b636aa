"""Connections, trust, retries and pace."""
