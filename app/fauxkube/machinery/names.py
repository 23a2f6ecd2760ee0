"""The formats of names, labels, keys and ports, as apimachinery's `util/validation` and `validate/content` hold them.

Each function takes a string and returns what is wrong with it, in the words that upstream's API server uses; an empty
list means that the string is right. Lengths count UTF-8 bytes, as Go's `len` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_WILDCARD_DNS = rf"\*\.{_SUBDOMAIN}"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_KEY_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_KEY_NAME})?"
_CONFIG_MAP_KEY = "[-._a-zA-Z0-9]+"
_PERCENT = "[0-9]+%"
_HTTP_HEADER = "[-A-Za-z0-9]+"
_HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"

_is_label = re.compile(_LABEL).fullmatch
_is_subdomain = re.compile(_SUBDOMAIN).fullmatch
_is_1035_label = re.compile(_LABEL_1035).fullmatch
_is_key_name = re.compile(_KEY_NAME).fullmatch
_is_label_value = re.compile(_LABEL_VALUE).fullmatch
_is_config_map_key = re.compile(_CONFIG_MAP_KEY).fullmatch
_is_percent = re.compile(_PERCENT).fullmatch
_is_http_header = re.compile(_HTTP_HEADER).fullmatch
_is_wildcard_dns = re.compile(_WILDCARD_DNS).fullmatch
_is_http_path = re.compile(_HTTP_PATH).fullmatch
_is_env_var_name = re.compile("[ -<>-~]*").fullmatch
_is_port_charset = re.compile("[-a-z0-9]+").fullmatch
_has_letter = re.compile("[a-z]").search

_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_WILDCARD_DNS_RULE = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
)
_LABEL_1035_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character"
)
_KEY_RULE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_LABEL_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character"
)
_CONFIG_MAP_KEY_RULE = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
_PERCENT_RULE = "a valid percent string must be a numeric string followed by an ending '%'"
_HTTP_HEADER_RULE = "a valid HTTP header must consist of alphanumeric characters or '-'"
_HTTP_PATH_RULE = "Invalid path"
_ENV_VAR_RULE = "a valid environment variable name must consist only of printable ASCII characters other than '='"

_EMPTY = "must be non-empty"
_LABEL_LENGTH = 63
_SUBDOMAIN_LENGTH = 253
_PORT_NAME_LENGTH = 15


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _too_long(maximum: int) -> str:
    return f"must be no more than {maximum} characters"


def _too_many_bytes(maximum: int) -> str:
    return f"must be no more than {maximum} bytes"


def _rule(text: str, pattern: str, *examples: str) -> str:
    """A broken rule with its examples and its regular expression, laid out as upstream's `RegexError`."""
    shown = " or ".join(f"'{each}', " for each in examples)
    if not shown:
        return f"{text} (regex used for validation is '{pattern}')"
    return f"{text} (e.g. {shown}regex used for validation is '{pattern}')"


def in_range_problems(value: int, low: int, high: int) -> list[str]:
    """A number in an inclusive range."""
    return [] if low <= value <= high else [f"must be between {low} and {high}, inclusive"]


def port_number_problems(port: int) -> list[str]:
    """A port's number: 1 to 65535."""
    return in_range_problems(port, 1, 65535)


def dns_label_problems(value: str) -> list[str]:
    """An RFC 1123 label: most parts of names, namespaces."""
    if len(value) <= _LABEL_LENGTH and _is_label(value):
        return []
    problems = [_too_long(_LABEL_LENGTH)] if _bytes(value) > _LABEL_LENGTH else []
    if not _is_label(value):
        dotted = _is_subdomain(value) is not None
        rule = _rule(_LABEL_RULE, _LABEL, "my-name", "123-abc")
        problems.append("must not contain dots" if dotted else rule)
    return problems


def dns_subdomain_problems(value: str) -> list[str]:
    """An RFC 1123 subdomain: the name of most objects."""
    if len(value) <= _SUBDOMAIN_LENGTH and _is_subdomain(value):
        return []
    problems = [_too_long(_SUBDOMAIN_LENGTH)] if _bytes(value) > _SUBDOMAIN_LENGTH else []
    if not _is_subdomain(value):
        problems.append(_rule(_SUBDOMAIN_RULE, _SUBDOMAIN, "example.com"))
    return problems


def wildcard_dns_problems(value: str) -> list[str]:
    """A subdomain after `*.`, which stands for any one label."""
    problems = [_too_long(_SUBDOMAIN_LENGTH)] if _bytes(value) > _SUBDOMAIN_LENGTH else []
    if not _is_wildcard_dns(value):
        problems.append(_rule(_WILDCARD_DNS_RULE, _WILDCARD_DNS, "*.example.com"))
    return problems


def dns_1035_label_problems(value: str) -> list[str]:
    """An RFC 1035 label: the name of a Service (it must start with a letter)."""
    problems = [_too_long(_LABEL_LENGTH)] if _bytes(value) > _LABEL_LENGTH else []
    if not _is_1035_label(value):
        problems.append(_rule(_LABEL_1035_RULE, _LABEL_1035, "my-name", "abc-123"))
    return problems


def path_segment_problems(value: str) -> list[str]:
    """A name that may be anything that fits in a URL's path: RBAC roles and the like."""
    if value in {".", ".."}:
        return [f"may not be '{value}'"]
    return [f"may not contain '{each}'" for each in ("/", "%") if each in value]


def _key_name_problems(name: str) -> list[str]:
    problems = []
    if not name:
        problems.append(f"name part {_EMPTY}")
    elif _bytes(name) > _LABEL_LENGTH:
        problems.append(f"name part {_too_many_bytes(_LABEL_LENGTH)}")
    if not _is_key_name(name):
        problems.append("name part " + _rule(_KEY_RULE, _KEY_NAME, "MyName", "my.name", "123-abc"))
    return problems


def _key_prefix_problems(prefix: str) -> list[str]:
    if not prefix:
        return [f"prefix part {_EMPTY}"]
    problems = [_too_many_bytes(_SUBDOMAIN_LENGTH)] if _bytes(prefix) > _SUBDOMAIN_LENGTH else []
    if not _is_subdomain(prefix):
        problems.append(_rule(_SUBDOMAIN_RULE, _SUBDOMAIN, "example.com"))
    return [f"prefix part {each}" for each in problems]


def qualified_name_problems(value: str) -> list[str]:
    """A label key: a name of up to 63 bytes, with a DNS subdomain and `/` before it if wanted."""
    prefix, slash, name = value.partition("/")
    if not slash:
        return _key_name_problems(value)
    if "/" in name:
        rule = _rule(_KEY_RULE, _KEY_NAME, "MyName", "my.name", "123-abc")
        return [f"a valid label key {rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    return _key_prefix_problems(prefix) + _key_name_problems(name)


def label_value_problems(value: str) -> list[str]:
    """A label's value: empty, or as the name part of a key."""
    problems = [_too_many_bytes(_LABEL_LENGTH)] if _bytes(value) > _LABEL_LENGTH else []
    if not _is_label_value(value):
        problems.append(_rule(_LABEL_VALUE_RULE, _LABEL_VALUE, "MyValue", "my_value", "12345"))
    return problems


def port_name_problems(value: str) -> list[str]:
    """A container port's name (IANA_SVC_NAME, RFC 6335)."""
    problems = [_too_long(_PORT_NAME_LENGTH)] if _bytes(value) > _PORT_NAME_LENGTH else []
    if not _is_port_charset(value):
        problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not _has_letter(value):
        problems.append("must contain at least one letter (a-z)")
    if "--" in value:
        problems.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        problems.append("must not begin or end with a hyphen")
    return problems


def _change_directory_problems(value: str) -> list[str]:
    if value in {".", ".."}:
        return [f"must not be '{value}'"]
    return ["must not start with '..'"] if value.startswith("..") else []


def config_map_key_problems(value: str) -> list[str]:
    """A key of a ConfigMap's or Secret's data."""
    problems = [_too_long(_SUBDOMAIN_LENGTH)] if _bytes(value) > _SUBDOMAIN_LENGTH else []
    if not _is_config_map_key(value):
        problems.append(_rule(_CONFIG_MAP_KEY_RULE, _CONFIG_MAP_KEY, "key.name", "KEY_NAME", "key-name"))
    return problems + _change_directory_problems(value)


def env_var_name_problems(value: str) -> list[str]:
    """An environment variable's name: any printable ASCII but `=` (KEP-4369)."""
    if not value:
        return [f"environment variable name {_EMPTY}"]
    return [] if _is_env_var_name(value) else [_ENV_VAR_RULE]


def percent_problems(value: str) -> list[str]:
    """A percentage: `25%`."""
    return [] if _is_percent(value) else [_rule(_PERCENT_RULE, _PERCENT, "1%", "93%")]


def http_header_name_problems(value: str) -> list[str]:
    """An HTTP header's name, in a probe."""
    return [] if _is_http_header(value) else [_rule(_HTTP_HEADER_RULE, _HTTP_HEADER, "X-Header-Name")]


def http_path_problems(value: str) -> list[str]:
    """The path of a URL, in the characters of RFC 3986."""
    return [] if _is_http_path(value) else [_rule(_HTTP_PATH_RULE, _HTTP_PATH)]


def for_generated(problems: Callable[[str], Sequence[str]], generate_name: str) -> Sequence[str]:
    """What is wrong with a `generateName`: a `-` at its end is no fault, as more characters follow."""
    if len(generate_name) > 1 and generate_name.endswith("-"):
        generate_name = f"{generate_name[:-2]}a"
    return problems(generate_name)
