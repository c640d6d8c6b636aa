"""Generated from proto/*.proto by ``python proto/generate.py``; not edited by hand."""
