"""Both ends of a callback sign alike, byte for byte."""

from hypothesis import given
from hypothesis import strategies as st

from community.complaints.dispatch.signature import sign
from sandbox.signing import signature

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(
    secret=words, timestamp=words, nonce=words, method=st.sampled_from(["GET", "POST", "PUT"]), path=words,
    body=st.binary(max_size=200),
)  # fmt: skip
def test_both_ends_sign_alike(
    secret: str, timestamp: str, nonce: str, method: str, path: str, body: bytes
) -> None:
    ours = sign(secret, timestamp=timestamp, nonce=nonce, method=method, path=path, body=body)
    theirs = signature(secret, timestamp=timestamp, nonce=nonce, method=method, path=path, body=body)

    assert ours == theirs
    assert ours.startswith("v1=")
    assert len(ours) == len("v1=") + 64
