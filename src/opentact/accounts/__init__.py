"""Who may use the platform: accounts, their users, and the tokens these hold."""
