"""What every package may use: faults, money, ids, time. It knows nobody."""
