"""Sinks of one frozen Record per request: the past hour, and the log."""
