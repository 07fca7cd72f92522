"""A listener: every entry of every conversation as a signed webhook."""
