"""Speech from the programs that are installed, made in a process of its own."""
