"""What happened: the log, who wants to hear of it, and how it reaches them."""
