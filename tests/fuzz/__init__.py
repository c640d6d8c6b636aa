"""Fuzz targets, and what runs them. Imports nothing, so that the package can be instrumented."""

from pathlib import Path

FOLDER = Path(".fuzz")
"""Where findings and inputs are kept, below the current folder."""
