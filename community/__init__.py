"""The rules of the neighbourhood: places, people, complaints.

Each folder is one feature with the same file names; start with its `__init__`.
"""
