"""A communications platform that anyone can run: numbers, calls and messages behind one API."""

__version__ = "0.1.0"
