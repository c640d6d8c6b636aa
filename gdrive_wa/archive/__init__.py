"""The archive on disk: named, tagged, indexed and verifiable files."""
