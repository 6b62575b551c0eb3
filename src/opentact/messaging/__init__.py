"""Text messages and the profiles that send them."""
