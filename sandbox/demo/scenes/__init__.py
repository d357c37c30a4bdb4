"""What the demo shows. Each module has a `TITLE` and `run(stage)`; `playbill.py` lists them."""
