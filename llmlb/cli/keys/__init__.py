"""`llmlb keys`: the API keys of the configuration file and of the running gateway."""
