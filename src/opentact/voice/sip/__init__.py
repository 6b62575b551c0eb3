"""SIP (RFC 3261) as machines without I/O: messages, transactions, dialogs and the user agent."""
