"""Call flows: XML documents that say, verb by verb, what a call does.

`document.read` turns bytes into a frozen document or refuses it whole; `interpreter.start` runs
one as a conversation. Neither touches media, network, clock or disk.
"""
