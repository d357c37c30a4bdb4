"""Both ends of a callback sign alike, byte for byte."""

from hypothesis import given
from hypothesis import strategies as st

from community.complaints.dispatch.signature import sign
from sandbox.signing import signature

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(secret=words, about=st.fixed_dictionaries(dict.fromkeys(("timestamp", "nonce", "path"), words)),
       method=st.sampled_from(["GET", "POST", "PUT"]), body=st.binary(max_size=200))  # fmt: skip
def test_both_ends_sign_alike(secret: str, about: dict[str, str], method: str, body: bytes) -> None:
    ours = sign(secret, **about, method=method, body=body)
    theirs = signature(secret, **about, method=method, body=body)

    assert ours == theirs
    assert ours.startswith("v1=")
    assert len(ours) == len("v1=") + 64
