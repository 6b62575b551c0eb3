"""RTP and what rides on it: RTCP, telephone events, G.711, and the files audio ends in."""
