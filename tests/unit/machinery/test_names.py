"""The formats of names and keys, and the words their refusals use."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fauxkube.machinery import names

Check = Callable[[str], list[str]]

LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (names.dns_label_problems, "web"),
        (names.dns_label_problems, "0-a"),
        (names.dns_label_problems, "a" * 63),
        (names.dns_subdomain_problems, "a.b-c.9"),
        (names.dns_subdomain_problems, "a" * 253),
        (names.dns_1035_label_problems, "abc-9"),
        (names.qualified_name_problems, "example.com/My.Name_1"),
        (names.qualified_name_problems, "a" * 63),
        (names.label_value_problems, ""),
        (names.label_value_problems, "A_b.c-9"),
        (names.port_name_problems, "http-9"),
        (names.config_map_key_problems, ".dot_file-1"),
        (names.env_var_name_problems, "1 odd-but+allowed!"),
        (names.path_segment_problems, "system:Node"),
        (names.percent_problems, "25%"),
        (names.http_header_name_problems, "X-Trace"),
        (names.wildcard_dns_problems, "*.example.com"),
        (names.http_path_problems, "a/b-c.d_~%20!$&'()*+,;=:"),
    ],
)
def test_well_formed_values_have_no_problems(check: Check, value: str) -> None:
    assert check(value) == []


@pytest.mark.parametrize(
    ("check", "value", "start"),
    [
        (names.dns_label_problems, "a.b", "must not contain dots"),
        (names.dns_label_problems, "a" * 64, "must be no more than 63 characters"),
        (names.dns_label_problems, "web\n", "a lowercase RFC 1123 label must"),
        (names.dns_subdomain_problems, "Web", "a lowercase RFC 1123 subdomain must"),
        (names.dns_subdomain_problems, "a" * 254, "must be no more than 253 characters"),
        (names.dns_1035_label_problems, "9abc", "a DNS-1035 label must"),
        (names.qualified_name_problems, "a" * 64, "name part must be no more than 63 bytes"),
        (names.qualified_name_problems, "/name", "prefix part must be non-empty"),
        (names.qualified_name_problems, "Bad/name", "prefix part a lowercase RFC 1123 subdomain must"),
        (names.qualified_name_problems, "a/b/c", "a valid label key must consist of"),
        (names.label_value_problems, "-x", "a valid label must be an empty string or"),
        (names.label_value_problems, "a" * 64, "must be no more than 63 bytes"),
        (names.port_name_problems, "a" * 16, "must be no more than 15 characters"),
        (names.port_name_problems, "123", "must contain at least one letter (a-z)"),
        (names.port_name_problems, "a--b", "must not contain consecutive hyphens"),
        (names.port_name_problems, "a-", "must not begin or end with a hyphen"),
        (names.port_name_problems, "A_b", "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"),
        (names.config_map_key_problems, "a/b", "a valid config key must"),
        (names.config_map_key_problems, "..", "must not be '..'"),
        (names.config_map_key_problems, "..data", "must not start with '..'"),
        (names.env_var_name_problems, "", "environment variable name must be non-empty"),
        (names.env_var_name_problems, "a=b", "a valid environment variable name must"),
        (names.path_segment_problems, "..", "may not be '..'"),
        (names.path_segment_problems, "a/b", "may not contain '/'"),
        (names.percent_problems, "25", "a valid percent string must"),
        (names.wildcard_dns_problems, "a.*.com", "a wildcard DNS-1123 subdomain must start with '*.', followed by"),
        (names.wildcard_dns_problems, "*." + "a" * 252, "must be no more than 253 characters"),
        (names.http_path_problems, "a b", "Invalid path (regex used for validation is"),
    ],
)
def test_each_fault_is_named_in_upstreams_words(check: Check, value: str, start: str) -> None:
    assert [each for each in check(value) if each.startswith(start)]


def test_a_broken_rule_shows_its_examples_and_its_pattern() -> None:
    assert names.dns_label_problems("A b") == [LABEL_RULE]


def test_an_empty_key_is_both_empty_and_malformed() -> None:
    first, second = names.qualified_name_problems("")
    assert first == "name part must be non-empty"
    assert second.startswith("name part must consist of alphanumeric characters")


def test_lengths_are_counted_in_bytes() -> None:
    assert "must be no more than 63 bytes" in names.label_value_problems("é" * 32)


@pytest.mark.parametrize("prefix", ["web-", "web", "web.a-"])
def test_a_generated_names_prefix_may_end_in_a_hyphen(prefix: str) -> None:
    assert names.for_generated(names.dns_subdomain_problems, prefix) == []


def test_port_numbers_end_at_65535() -> None:
    assert names.port_number_problems(65535) == []
    assert names.port_number_problems(0) == ["must be between 1 and 65535, inclusive"]
