"""Where the programs of the demo are found, and what of the environment reaches them. Start at `linli`."""

import os
import shutil
import socket
import sys
from pathlib import Path

HOST = "127.0.0.1"
PREFIX = "LINLI_"


def other_environment() -> dict[str, str]:
    """Give the environment without the product's settings: the demo makes its own."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}


def linli() -> str:
    """Find the product's command, beside the Python that runs us."""
    beside = Path(sys.executable).with_name("linli")
    return str(beside) if beside.exists() else shutil.which("linli") or "linli"


def free_port() -> int:
    """Give a port nobody listens on now; a program must be told its port where others must know it beforehand."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
