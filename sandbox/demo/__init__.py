"""The demo: an outside program that starts the stand-ins and the product as processes and shows them at work.

Start at `__main__.py` (the options), then `opening.py` (what is started, in which order) and `scenes/` (what is shown).
It imports nothing of the product and knows only its doors and its commands.
"""
