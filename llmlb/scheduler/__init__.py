"""Who is next, where, and when. Pure: no clock, no I/O, no logging; `now` is passed in."""
