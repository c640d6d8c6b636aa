"""Files that appear whole or not at all, and the record of what a folder holds."""
