"""Detached JSON Web Signatures by a shared secret (RFC 7515, appendix F), as `cluster-info` carries them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

#: What the keys of signatures in `cluster-info` begin with; the token's ID follows.
KEY_PREFIX = "jws-kubeconfig-"


def detached_signature(content: str, key_id: str, secret: str) -> str:
    """The signature of the content with its header, and without the content in between."""
    header = _encoded(json.dumps({"alg": "HS256", "kid": key_id}, separators=(",", ":")).encode())
    signed = f"{header}.{_encoded(content.encode())}".encode()
    return f"{header}..{_encoded(hmac.digest(secret.encode(), signed, hashlib.sha256))}"


def is_signed(signature: str, content: str, key_id: str, secret: str) -> bool:
    """Whether it is the content's signature by that secret."""
    return hmac.compare_digest(signature.encode(), detached_signature(content, key_id, secret).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
