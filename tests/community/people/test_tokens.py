"""The secrets people are known by."""

from community.people.tokens import csrf_token_fits, csrf_token_of, hash_of, new_token


def test_tokens_have_256_random_bits_and_differ() -> None:
    tokens = {new_token() for _ in range(100)}

    assert len(tokens) == 100
    assert all(len(token) == 43 for token in tokens)


def test_a_csrf_token_belongs_to_one_cookie_and_does_not_tell_it() -> None:
    ours, other = new_token(), new_token()

    assert csrf_token_fits(ours, csrf_token_of(ours))
    assert not csrf_token_fits(ours, csrf_token_of(other))
    assert not csrf_token_fits(ours, "")
    assert ours not in csrf_token_of(ours)


def test_any_text_that_a_header_can_carry_is_hashed_without_a_crash() -> None:
    assert len(hash_of("\udcff中")) == 32
    assert not csrf_token_fits("\udcff", "\udcfe")
