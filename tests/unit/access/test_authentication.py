"""Whose a request is: by its token, by whom it acts as, or nobody's."""

from __future__ import annotations

from datetime import timedelta

from fauxkube.access import bootstrap_tokens
from fauxkube.access.authentication import Authenticator
from fauxkube.access.bootstrap_tokens import Terms, Token
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import ManualClock
from fauxkube.machinery.objects import GVR, Object
from fauxkube.machinery.users import ANONYMOUS, UserInfo
from fauxkube.simulation.users import Users

TOKEN = Token("abcdef", "0123456789abcdef")


class Rig:
    """An authenticator that knows alice, and a bootstrap token for an hour."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        users = Users(Chance(1))
        self.alice = users.add("alice", ["dev"])
        self._secret = bootstrap_tokens.secret_of(TOKEN, Terms(expires=self.clock.now() + timedelta(hours=1)))
        self.authenticator = Authenticator(users, self._find, self.clock)

    def _find(self, gvr: GVR, namespace: str, name: str) -> Object | None:
        return self._secret if (namespace, name) == ("kube-system", "bootstrap-token-abcdef") else None

    def of(self, authorization: str) -> UserInfo:
        return self.authenticator.by_token(authorization.encode())


def test_a_known_token_names_its_user_with_their_groups() -> None:
    rig = Rig()
    assert rig.of(f"Bearer {rig.alice.token}") == UserInfo("alice", groups=("dev", "system:authenticated"))
    assert rig.of(f"bearer  {rig.alice.token} ").name == "alice"


def test_an_unknown_token_is_nobodys() -> None:
    for header in ("", "Basic YTpi", "Bearer", "Bearer nobody", "Bearer zzzzzz.0123456789abcdef"):
        assert Rig().of(header) is ANONYMOUS


def test_a_bootstrap_token_counts_until_it_ends() -> None:
    rig = Rig()
    assert rig.of(f"Bearer {TOKEN}").groups == (
        "system:bootstrappers",
        "system:bootstrappers:kubeadm:default-node-token",
        "system:authenticated",
    )
    assert rig.of("Bearer abcdef.0123456789abcdee") is ANONYMOUS
    rig.clock.advance(3600)
    assert rig.of(f"Bearer {TOKEN}") is ANONYMOUS


def test_who_acts_as_another_has_the_groups_and_more_that_they_claim() -> None:
    headers = [(b"impersonate-group", b"a"), (b"impersonate-group", b"b"), (b"impersonate-extra-Team%2fx", b"1")]
    user = Rig().authenticator.acting("bob", [*headers, (b"impersonate-uid", b"7"), (b"accept", b"*/*")])
    assert user == UserInfo("bob", "7", ("a", "b", "system:authenticated"), {"Team/x": ["1"]})


def test_who_claims_no_groups_has_those_that_are_known_of_them() -> None:
    acting = Rig().authenticator.acting
    assert acting("alice", []).groups == ("dev", "system:authenticated")
    assert acting("system:serviceaccount:shop:web", []).groups == (
        "system:serviceaccounts",
        "system:serviceaccounts:shop",
        "system:authenticated",
    )
    assert acting("system:anonymous", []).groups == ()
