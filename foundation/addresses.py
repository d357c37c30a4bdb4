"""What an address in the settings must look like, so that nonsense is refused at start and not at the first message.

Each function gives the address, or raises a `ValueError` that says how to write it; none repeats what was written,
because a password may be in it.
"""

import re
from urllib.parse import urlsplit

LARGEST_PORT = 65535
_HTTP = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|\w[\w.-]*)(:(?P<port>\d{1,5}))?(/[^\s?#@]*)?")
_HOST = re.compile(r"[\w.:%-]+")
_STORE = re.compile(r"file:(//(/[^/?#][^?#]*))?|s3://[\w.-]+(/[^?#]*)?", re.ASCII)
_REDIS = re.compile(r"rediss?://(?P<place>[^/\s?#]+)(/\d*)?(\?\S*)?|unix://[^/\s]*/.+", re.ASCII)


def http_address(value: str) -> str:
    """Give a base address, without the slash at its end; credentials in it would show in logs."""
    found = _HTTP.fullmatch(value)
    if not found or int(found["port"] or 0) > LARGEST_PORT:
        raise ValueError("write it like https://host or http://host:8080/path")
    return value.rstrip("/")


def host_name(value: str) -> str:
    """Give what can be listened on; an empty one would silently mean every network of the machine."""
    if not _HOST.fullmatch(value):
        raise ValueError("write it like 127.0.0.1, or 0.0.0.0 for every network")
    return value


def store_address(value: str) -> str:
    """Give where objects are kept: a folder or an S3."""
    if not _STORE.fullmatch(value):
        raise ValueError("write it like file:, file:///srv/linli or s3://bucket/prefix")
    return value


def redis_address(value: str) -> str:
    """Give where Redis is; its client takes what it cannot read for this machine's database 0."""
    found = _REDIS.fullmatch(value)
    if not found or (found["place"] and not _names_a_server(value)):
        raise ValueError("write it like redis://host:6379/0 or unix:///run/redis.sock")
    return value


def _names_a_server(url: str) -> bool:
    try:
        place = urlsplit(url)
        return bool(place.hostname) and place.port != 0
    except ValueError:  # a port that is none
        return False
