"""What llmlb promises, measured."""
