"""`llmlb config`: the settings of the configuration file, one by one."""
