"""`llmlb simulate`: configurations tried on a workload in virtual time."""
