"""The HTTP and websocket edge: reads a request, calls a use case, writes the answer."""
