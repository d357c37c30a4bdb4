"""How many sockets a process may hold: as many as wished, and as the system gives it descriptors for."""

import resource

import structlog

log = structlog.get_logger(__name__)

OTHER_DESCRIPTORS = 1_000
"""What else a process opens: the database's pool, Redis, files, requests without a socket."""


def most_sockets(wished: int) -> int:
    """Raise the limit of descriptors as far as the system allows; give how many sockets fit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = max(wished + OTHER_DESCRIPTORS, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    fitting = max(1, hard - OTHER_DESCRIPTORS)
    if fitting < wished:
        log.warning("live_few_descriptors", wished=wished, fitting=fitting)
    return min(wished, fitting)
