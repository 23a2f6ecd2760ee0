"""Which form an answer takes: `Accept` read as apiserver's `endpoints/handlers/negotiation` reads it.

Clauses are tried in order of their quality, the more specific first. A clause may ask for a transformation
(`application/json;as=Table;v=v1;g=meta.k8s.io`); where the endpoint does not offer that one, the next clause is
tried. No header, or an empty one, means JSON. Clients send few different headers, so what they mean is kept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple, get_args

from fauxkube.machinery import status

Format = Literal[
    "json",
    "yaml",
    "com.github.proto-openapi.spec.v2.v1.0+protobuf",
    "com.github.proto-openapi.spec.v2@v1.0+protobuf",
]

#: The media types of answers; an `@`, which none may have, is asked for but not answered.
_CONTENT_TYPES: dict[Format, bytes] = {
    each: f"application/{each.replace('@', '.')}".encode() for each in get_args(Format)
}


class MediaType(NamedTuple):
    """A form that was agreed on; `kind`, `group` and `version` name the transformation, if one was asked for."""

    format: Format = "json"
    kind: str = ""
    group: str = ""
    version: str = ""
    pretty: bool = False

    @property
    def content_type(self) -> bytes:
        """As the response's header names it."""
        return _CONTENT_TYPES[self.format]


class Offer(NamedTuple):
    """What an endpoint can serve: formats, the preferred first, and transformations as (kind, group, version)."""

    formats: tuple[Format, ...]
    transformations: frozenset[tuple[str, str, str]] = frozenset()

    @property
    def names(self) -> list[str]:
        """The media types, as a refusal lists them."""
        return [f"application/{each}" for each in self.formats]


_META = frozenset(
    (kind, "meta.k8s.io", "v1") for kind in ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")
)

JSON_ONLY = Offer(("json",))
PLAIN = Offer(("json", "yaml"))
OPENAPI_V2 = Offer(
    ("json", "com.github.proto-openapi.spec.v2.v1.0+protobuf", "com.github.proto-openapi.spec.v2@v1.0+protobuf")
)
OBJECTS = Offer(("json", "yaml"), _META)
STREAM = Offer(("json",), _META)
DISCOVERY = Offer(
    ("json", "yaml"), frozenset(("APIGroupDiscoveryList", "apidiscovery.k8s.io", each) for each in ("v2", "v2beta1"))
)

_DEFAULT = MediaType()


def negotiate(accept: bytes, offer: Offer) -> MediaType:
    """The form to answer in; 406 when nothing that the client accepts is offered."""
    if not accept or accept == b"application/json":
        return _DEFAULT
    media = _negotiated(accept, offer)
    if media is None:
        raise status.not_acceptable(offer.names)
    return media


@lru_cache(maxsize=512)
def _negotiated(accept: bytes, offer: Offer) -> MediaType | None:
    for clause in _clauses(accept.decode("latin-1")):
        for form in offer.formats:
            if clause.covers(form) and (media := _with_parameters(form, clause.parameters, offer)):
                return media
    return None


class _Clause(NamedTuple):
    type: str
    subtype: str
    parameters: dict[str, str]
    quality: float

    def covers(self, form: Format) -> bool:
        return self.type in ("application", "*") and self.subtype in (form, "*")

    def rank(self) -> tuple[float, bool, bool]:
        return -self.quality, self.type == "*", self.subtype == "*"


def _clauses(accept: str) -> list[_Clause]:
    clauses = [_clause(text) for text in accept.split(",") if text.strip()]
    return sorted((each for each in clauses if each.quality > 0), key=_Clause.rank)


def _clause(text: str) -> _Clause:
    media, *rest = (part.strip() for part in text.split(";"))
    type_, _, subtype = media.lower().partition("/")
    parameters = {name.strip(): value.strip().strip('"') for name, _, value in (each.partition("=") for each in rest)}
    return _Clause(type_, subtype or "*", parameters, _quality(parameters.pop("q", "1")))


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0


def _with_parameters(form: Format, parameters: dict[str, str], offer: Offer) -> MediaType | None:
    if parameters.get("stream", "watch") != "watch" or parameters.get("charset", "utf-8").lower() != "utf-8":
        return None
    pretty = parameters.get("pretty") == "1"
    kind = parameters.get("as", "")
    if not kind:
        return MediaType(form, pretty=pretty)
    group, version = parameters.get("g", ""), parameters.get("v", "")
    if (kind, group, version) not in offer.transformations:
        return None
    return MediaType(form, kind, group, version, pretty)
