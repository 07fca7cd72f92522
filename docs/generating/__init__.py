"""What `docs/generate.py` is made of: one module per kind of page."""
