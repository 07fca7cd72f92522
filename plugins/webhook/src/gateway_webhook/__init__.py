"""A bot engine for a bot of your own: one signed HTTP request per turn."""
