"""The stand-ins, tested at their doors: real HTTP on loopback, a real file, and one killed process."""
