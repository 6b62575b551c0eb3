"""Money: the ledger, what things cost, and requests that must not be charged twice."""
