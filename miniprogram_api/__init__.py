"""The phone's door: REST, live socket and machine callbacks under `/api/v1`.

Each module reads a request, calls one action or query, and shows the result.
"""
