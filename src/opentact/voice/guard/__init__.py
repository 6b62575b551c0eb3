"""What strangers do at the SIP edge, judged: who floods, scans and guesses, and for how long."""
