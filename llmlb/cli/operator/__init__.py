"""`llmlb operator`: the password of the operator's page."""
