"""The operator's part of the page: sign-in, the desk, settings. Open to whoever knows the operator's password."""
