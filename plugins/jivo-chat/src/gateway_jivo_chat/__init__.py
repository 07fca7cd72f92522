"""JivoChat as an agent platform of the integration gateway, by its Chat API and its webhooks."""
