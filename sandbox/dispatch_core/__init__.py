"""The district's dispatch core, played: Open311 GeoReport v2, updates both ways, units that work by themselves.

Start at `app.py` (what is put together), `core.py` (what it knows and does), `units.py` (who acts by himself).
"""
