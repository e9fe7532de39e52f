"""Results are put in order, published in that order, and read in it by the feed."""
