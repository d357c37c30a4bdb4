"""Where the folders lie that are no Python: `locales/` and `web/`.

In a checkout they stand beside the packages; a wheel carries them inside this package, under `_shipped/`
(see `force-include` in pyproject.toml). Nothing else may guess such a path.
"""

from importlib.resources import files
from pathlib import Path


def shipped(name: str) -> Path:
    """Return the folder of that name, of the wheel or of the checkout."""
    package = Path(str(files("foundation")))
    inside = package / "_shipped" / name
    return inside if inside.is_dir() else package.parent / name
