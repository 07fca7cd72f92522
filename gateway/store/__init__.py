"""Where conversations are kept: the contract, SQLite (the default), and memory (for tests)."""
