"""Every service, declared once. All other lists of services are made from here: by import, or by
`services.deployment_files`.

It needs nothing but Python, so that a host with a container engine only can generate the secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Declared:
    """A service as others see it; how it is wired is in its `main`."""

    name: str
    """Of its folder, its database, its consumer group, its broker user and its containers."""
    port: int
    """At which a deployment publishes it."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Beside its passwords and its storage key: which secret of the installation each of its settings is."""
    local: Mapping[str, str] = field(default_factory=dict)
    """Its settings on the stack of `make run`, by name; `{sandbox}` or `{<service>}` is an address there, `{files}` the
    folder of what counterparts exchange as files."""
    connections: int | None = None
    """That the proxy takes for it; None for the proxy's own limit."""


SANDBOX_MANDATES = "CEB311:3105960001:2020-01-01:,CEB511:3105980002:2020-01-01:,CEB621:3105980001:2020-01-01:"
"""What the firms of the sandbox have customs send for them."""
SANDBOX_WITNESS = "witness.sandbox.example+efc6b3b8+BNdkxx5GQNzJNffOt7e56yuOJUPAtojDeB+6d0aRZSVl"
"""The verifier key of the sandbox's witness."""
REGISTRY = (
    Declared(
        "orders",
        8010,
        secrets={
            "contact_key": "contact_key",
            "national_id_key": "national_id_key",
            "link_keys": "link_keys",
            "service_key": "api_key_service",
        },
        local={
            "tracking_url": "{tracking}",
            "customs_url": "{customs}",
            "warehouse_url": "{warehouse}",
            "carrier_routes": '{{"CN:ems-shop": "ems"}}',
        },
    ),
    Declared("warehouse", 8020),
    Declared(
        "customs",
        8030,
        secrets={"contact_key": "contact_key", "national_id_key": "national_id_key", "quota_key": "quota_key"},
        local={
            "export_gateway_url": "{sandbox}/douane",
            "import_gateway_url": "{sandbox}/chinaport",
            "import_mandates": SANDBOX_MANDATES,
            "import_signer": "software",
            "import_split_marketplaces": "*",
            "import_regime": "cbec_9610",
            "waybill_agreement": "sandbox",
        },
    ),
    Declared(
        "carrier",
        8040,
        secrets={
            "contact_key": "contact_key",
            "laposte_password": "laposte_password",
            "laposte_api_key": "laposte_api_key",
            "aftership_secrets": "aftership_secrets",
            "easypost_secrets": "easypost_secrets",
            "okapi_key": "okapi_key",
            "webhook_secrets": "webhook_secret",
        },
        local={
            "laposte_sls_url": "{sandbox}/laposte/sls-ws/SlsServiceWSRest/2.0",
            "laposte_suivi_url": "{sandbox}/laposte/suivi/v2",
            "laposte_timeline_url": "{sandbox}/laposte/tracking-timeline-ws/rest/tracking",
            "laposte_contract_number": "900001",
            "poll_seconds": "10",
            "ems_ranges": "EE10000000-19999999FR",
            "ems_feed_dir": "{files}/ems",
            "ems_feed_seconds": "1",
        },
    ),
    Declared("tracking", 8050, secrets={"link_keys": "link_keys"}, connections=4000),
    Declared(
        "makers",
        8060,
        secrets={"service_key": "api_key_service"},
        local={"vies_url": "{sandbox}/vies/rest-api", "customs_url": "{customs}", "vies_retry_seconds": "1"},
    ),
    Declared(
        "provenance",
        8070,
        secrets={"log_key": "log_key", "issuer_key": "issuer_key", "hidden_code_key": "hidden_code_key"},
        local={"witnesses": f"{SANDBOX_WITNESS}={{sandbox}}/witness", "witness_quorum": "1"},
    ),
)
SERVICES = tuple(service.name for service in REGISTRY)
LINE = ("orders", "warehouse", "customs", "carrier", "tracking")
"""The services of the line from an order to the door, which waits for no other."""
BY_NAME = {service.name: service for service in REGISTRY}
