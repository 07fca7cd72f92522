"""REST channel: the Chat API of Tovie and JAICP, served by the gateway."""
