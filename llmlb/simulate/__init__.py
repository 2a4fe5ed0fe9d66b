"""The real queue and scheduler on a virtual clock: what a configuration would do under a given load."""
