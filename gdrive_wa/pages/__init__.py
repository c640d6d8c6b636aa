"""The page to listen to: one HTML file that opens from disk. See :mod:`.page`."""
