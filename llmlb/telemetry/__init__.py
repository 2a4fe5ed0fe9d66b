"""Sinks of one frozen Record per request: the past hour, what `/metrics` counts, and the log."""
