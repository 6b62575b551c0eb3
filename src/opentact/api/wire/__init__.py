"""The Opentact dialect, spelt once for REST, websocket and webhooks."""
