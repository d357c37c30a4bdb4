"""The endpoint layer, tried with an API of notes that no room has."""
