"""Bytes to values and back, without any I/O: nothing here waits, and nothing here keeps time."""
