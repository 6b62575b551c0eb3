"""Rules that a call must pass, each with a reason that names the object, the limit and what is."""
