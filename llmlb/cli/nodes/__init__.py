"""`llmlb nodes`: the nodes of the configuration file and of the running gateway."""
