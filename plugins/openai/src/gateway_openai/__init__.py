"""A bot engine for language models behind any endpoint that speaks OpenAI's chat completions."""
