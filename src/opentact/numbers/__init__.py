"""Telephone numbers: inventory, search, orders, leases and their prices."""
