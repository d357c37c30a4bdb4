"""The ground: what at least two rooms use and what can be explained without a word about the neighbourhood."""
