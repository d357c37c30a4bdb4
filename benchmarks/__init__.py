"""What Linli can do in a second, beside the raw limit of the machine and beside what others would build.

`make bench` runs `__main__.py`, which measures every table of `SUITES` and writes docs/benchmarks. To add a
table: a module with `async def measure(stage, *, seconds)`, built of `harness.py: Table` and `harness.py: run`,
and its name in `SUITES`. Only ratios within one interleaved run mean anything.
"""
