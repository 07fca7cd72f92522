"""A bot engine for bots of the Bot Framework and the Microsoft 365 Agents SDK."""
