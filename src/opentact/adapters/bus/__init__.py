"""Buses: within this process, and later between nodes."""
