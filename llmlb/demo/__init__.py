"""Something to look at without a GPU: simulated nodes, sample traffic, and the configuration that joins them."""
