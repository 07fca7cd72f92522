"""The agent desk: a workspace in the browser where human agents take over from the bot."""
