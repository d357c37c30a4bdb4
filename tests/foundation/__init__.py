"""The ground, tried without any room."""
