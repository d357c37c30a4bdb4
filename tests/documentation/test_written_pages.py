"""Pages that are made from the code are those in the tree."""

import pytest

from tests.documentation.errors_page import all_refusals, errors_page
from tests.documentation.pages import ROOT
from tests.documentation.write import WRITTEN


@pytest.mark.parametrize("name", WRITTEN)
def test_a_written_page_is_up_to_date(name: str) -> None:
    written = (ROOT / name).read_text(encoding="utf-8")
    assert written == WRITTEN[name](), "run `python -m tests.documentation.write`"


def test_every_refusal_has_a_code_of_its_own_and_a_line() -> None:
    codes = sorted(error.code for error in all_refusals())
    page = errors_page()

    assert codes == sorted(set(codes))
    assert [code for code in codes if f"| `{code}` |" not in page] == []


def test_every_refusal_says_in_its_docstring_when() -> None:
    assert [error.__name__ for error in all_refusals() if not error.__doc__] == []
