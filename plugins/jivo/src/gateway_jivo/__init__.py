"""JivoChat's Bot API: a business channel."""
