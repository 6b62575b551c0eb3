"""Where SIP meets the network and the event loop: the only awaits it ever sees."""
