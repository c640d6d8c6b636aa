"""What a person keeps: named, tagged, indexed and verifiable files on disk."""
