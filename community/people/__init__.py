"""People: residents with their homes, staff with their posts, and how both sign in.

A resident is one person with one or more WeChat accounts; a home is an interval (resident, place, from, to)
that is `claimed` until somebody with a post over the place confirms it. Staff and building leaders hold
posts (`RoleGrant`), intervals too. A sign-in is an opaque token of which only the hash is stored; pages and
live sockets live on it and die with it. Start at `models.py`; what changes people is `actions.py`, what
changes sign-ins is `credentials.py`.
"""
