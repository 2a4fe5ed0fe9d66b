"""Where waiting requests and idle nodes meet."""
