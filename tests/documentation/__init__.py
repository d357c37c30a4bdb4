"""What the documentation promises: written pages match the code, names exist, links lead somewhere, examples run.

Start at `pages.py`. `python -m tests.documentation.write` writes the pages that are made from the code.
"""
