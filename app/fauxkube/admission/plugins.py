"""The plugins that are on by default, in upstream's order."""

from __future__ import annotations

from fauxkube.admission.certificate_subject import CertificateSubjectRestriction
from fauxkube.admission.chain import Chain, Lookup
from fauxkube.admission.default_ingress_class import DefaultIngressClass
from fauxkube.admission.namespace_lifecycle import NamespaceLifecycle
from fauxkube.admission.node_taints import TaintNodesByCondition
from fauxkube.admission.pods import DefaultTolerationSeconds
from fauxkube.admission.priority import Priority
from fauxkube.admission.service_account import ServiceAccount
from fauxkube.kit.chance import Chance


def default_chain(lookup: Lookup, chance: Chance) -> Chain:
    """The chain of a fresh cluster."""
    return Chain(
        [
            NamespaceLifecycle(lookup),
            ServiceAccount(lookup, chance),
            TaintNodesByCondition(),
            Priority(lookup),
            DefaultTolerationSeconds(),
            CertificateSubjectRestriction(),
            DefaultIngressClass(lookup),
        ]
    )
