"""The outside world, each behind a port of the package that needs it."""
