"""Detached signatures: one made by another implementation, and what they hold against."""

from __future__ import annotations

import pytest

from fauxkube.access.jws import detached_signature, is_signed

# From upstream's own test of `ComputeDetachedSignature`.
CONTENT = "Hello from the other side. I must have called a thousand times."
ID, SECRET = "joshua", "my voice is my passcode"
KNOWN = "eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8"


def test_the_signature_is_that_of_other_implementations() -> None:
    assert detached_signature(CONTENT, ID, SECRET) == KNOWN
    of_nothing = "eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..7Ui1ALizW4jXphVUB7xUqC9vLYLL9RZeOFfVLoB7Tgk"
    assert detached_signature("", ID, SECRET) == of_nothing


@pytest.mark.parametrize(
    ("content", "key_id", "secret"), [(CONTENT + "!", ID, SECRET), (CONTENT, "david", SECRET), (CONTENT, ID, "guess")]
)
def test_a_signature_holds_for_its_content_key_and_secret_alone(content: str, key_id: str, secret: str) -> None:
    assert is_signed(KNOWN, CONTENT, ID, SECRET)
    assert not is_signed(KNOWN, content, key_id, secret)
