"""Sound as files: decoding, the shelf they are kept on, and child processes that make them."""
