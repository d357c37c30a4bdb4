"""Changes as the tutorial shows them: a `diff` block names a file, and has lines to find and lines to add."""

from dataclasses import dataclass
from pathlib import Path

from tests.documentation.pages import blocks_of


@dataclass(frozen=True)
class Change:
    """One place in one file."""

    path: str
    old: str
    new: str

    def apply(self, text: str) -> str:
        """Give the file's text after the change; one that was made already changes nothing.

        Raises:
            ValueError: the place is not there, or there are several.

        """
        if self.new in text:
            return text
        if text.count(self.old) != 1:
            message = f"{self.path} has {text.count(self.old)} times:\n{self.old}"
            raise ValueError(message)
        return text.replace(self.old, self.new)


def changes_of(page: Path) -> list[Change]:
    """Give the changes of a page, in order."""
    return [_read(block) for block in blocks_of(page, "diff")]


def _read(block: str) -> Change:
    head, _, hunk = block.partition("\n@@\n")
    lines = hunk.splitlines()
    return Change(
        head.removeprefix("--- ").strip(),
        "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+")),
        "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-")),
    )


def apply_all(page: Path, root: Path) -> None:
    """Make every change of a page in a copy of the checkout."""
    for change in changes_of(page):
        path = root / change.path
        path.write_text(change.apply(path.read_text(encoding="utf-8")), encoding="utf-8")
