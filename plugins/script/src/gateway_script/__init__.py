"""A scripted bot for the integration gateway: conversations described in a YAML file."""
