"""HTTP out: the nodes, one connection and one request at a time each."""
