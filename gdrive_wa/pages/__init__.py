"""The page for listening to voice notes: one HTML file. See :mod:`.page`."""
