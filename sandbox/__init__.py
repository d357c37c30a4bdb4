"""The systems Linli talks to, played truly over real HTTP, for the demo and for tests.

Start at `sandbox/control.py` (what every stand-in shares), then `sandbox/dispatch_core` or `sandbox/wechat`.
Nothing here is part of the product: no room imports it and it imports no room.
"""
