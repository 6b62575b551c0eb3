"""The media engine: one tick loop for all legs, in a process of its own or inline."""
