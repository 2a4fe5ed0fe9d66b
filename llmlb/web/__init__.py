"""HTTP in: routes, faults, the relay of replies, and the page."""
