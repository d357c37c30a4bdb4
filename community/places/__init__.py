"""The place tree: district, street, community, grid, building, household, and who answers for what, when.

Areas (estates and urban villages) lie beside the grids, inside a community; a building belongs to a grid and
may belong to an area. Start reading at `models.py`; `queries.py` is what other rooms ask (`paths_of`,
`responsible_for`, `place_at`), `search.py` and `coordinates.py` are pure, `importing.py` fills the tree.
What is kept here of the real district are only names and codes, under `facts/`.
"""
