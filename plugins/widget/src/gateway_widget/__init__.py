"""The web chat: a channel for your own site."""
