"""Calls: signalling, media, call flows, and the records they leave."""
