"""Calls of machines: signed, stored at once, answered at once, worked on later."""
