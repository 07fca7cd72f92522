"""Tovie DialogStudio and JAICP as a bot engine, by the Chat API."""
