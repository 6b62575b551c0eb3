"""Web requests to addresses that customers give us, guarded."""
