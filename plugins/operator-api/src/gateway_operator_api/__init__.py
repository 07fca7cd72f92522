"""Operator API of Tovie and JAICP for the integration gateway, both halves."""
