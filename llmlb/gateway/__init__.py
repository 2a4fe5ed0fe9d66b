"""A request's life between the web and the nodes: entered, queued, served or refused, and always accounted for."""
