"""The README's table "to add" is true: all its rows are added in one copy of the tree, by hand only what they say, and
the copy passes `make lint` and the checks that ask whether all fits together, within three minutes."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.carriers import CARRIERS
from services.registry import SERVICES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".run", ".*_cache", ".hypothesis", "__pycache__", "secrets")
CHECKS = [
    f"tests/contract/test_{name}.py"
    for name in ("rooms", "contract_docs", "contract_examples", "contract_cloudevents", "contract_openapi")
]
PARCELS = "parcels_shop"
WITHIN_SECONDS = 180
"""Of a processor: an idle machine takes no longer, and what else runs on this one does not count."""


class Tree:
    """A copy of the repository, and what was written in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.by_hand: list[str] = []
        shutil.copytree(ROOT, root, ignore=NOT_COPIED)
        if (ROOT / ".mypy_cache").exists():  # what did not change is not checked again
            shutil.copytree(ROOT / ".mypy_cache", root / ".mypy_cache")
        generators = ROOT / ".run" / "generators"  # installed once
        generators.mkdir(parents=True, exist_ok=True)
        (root / ".run").mkdir()
        (root / ".run" / "generators").symlink_to(generators)

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        self.by_hand.append(path)

    def insert(self, path: str, before: str, text: str) -> None:
        """Lines before the first line that begins so."""
        file = self.root / path
        content = file.read_text(encoding="utf-8")
        assert re.search(rf"^{re.escape(before)}", content, re.MULTILINE), f"{path}: {before}"
        file.write_text(re.sub(rf"^{re.escape(before)}", text + before, content, count=1, flags=re.MULTILINE))
        self.by_hand.append(path)

    def replace(self, path: str, before: str, after: str) -> None:
        file = self.root / path
        content = file.read_text(encoding="utf-8")
        assert content.count(before) == 1, f"{path}: {before}"
        file.write_text(content.replace(before, after), encoding="utf-8")
        self.by_hand.append(path)

    def python(self, *arguments: str) -> str:
        return self._run(sys.executable, *arguments)

    def make(self, target: str) -> str:
        """By the packages that run this test."""
        return self._run("make", "-o", ".venv/.installed", f"BIN={Path(sys.executable).parent}", target)

    def _run(self, *command: str) -> str:
        """What the command printed in the copy; AssertionError with that when it fails."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}{done.stderr[-3000:]}"
        return done.stdout


MAIN = '''"""The composition root of the parcel shops' service."""

from __future__ import annotations

from shared.cli.commands import command
from shared.http.openapi import ApiDescription
from shared.platform import Platform, Service
from shared.settings import PlatformSettings


def service(_: Platform) -> Service:
    return Service(name="parcels_shop", api=ApiDescription("Shops that hand out parcels"))


def main() -> None:
    command(service, PlatformSettings, "parcels_shop")()
'''
MIGRATION = '''"""The platform's tables."""

from alembic import op

from shared.operations.schema import PLATFORM_SCHEMA

revision = "parcels_shop_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in PLATFORM_SCHEMA:
        op.execute(statement)
'''
CONTAINER = """  parcels_shop:
    <<: *service
    scale: ${PARCELS_SHOP_REPLICAS:-1}
    command: [python, -m, services.parcels_shop]
    environment:
      <<: *wiring
      DATABASE_URL: postgresql://silkpost_parcels_shop@postgres:5432/silkpost_parcels_shop
    secrets:
      - {source: parcels_shop_database_password, target: database_password}
      - {source: parcels_shop_storage_key, target: storage_key}

"""


def add_a_service(tree: Tree) -> None:
    folder = f"services/{PARCELS}"
    tree.write(f"{folder}/__init__.py", '"""Shops that hand out parcels."""\n')
    tree.write(f"{folder}/__main__.py", f"from services.{PARCELS}.main import main\n\nmain()\n")
    tree.write(f"{folder}/main.py", MAIN)
    tree.write(f"{folder}/migrations/0001_{PARCELS}.py", MIGRATION)
    tree.insert("services/registry.py", ")\nSERVICES", f'    Declared("{PARCELS}", 8085),\n')
    tree.insert("docker-compose.yml", "  # One published port per service", CONTAINER)
    _, status, routes = (tree.root / "services/warehouse/README.md").read_text().partition("| `GET /status` |")
    tree.write(f"{folder}/README.md", f"# {PARCELS}\n\n## HTTP\n\n| route | scope |\n|---|---|\n{status}{routes}")


CARRIER = (
    '"""Chronopost."""\n'
    + """
from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from services.carrier.carriers.carrier import Calls, Carrier
from services.carrier.domain.carrier import Account, CodeMeaning, LabelOrder, Sender, Unreachable
from shared.http.client import Counterpart


class ChronopostSettings(BaseSettings):
    chronopost_password: SecretStr = SecretStr("")


def connect(settings: ChronopostSettings, sender: Sender, chronopost: Counterpart) -> Calls:
    async def make_label(order: LabelOrder) -> NoReturn:
        raise NotImplementedError

    async def check_label(order: LabelOrder) -> NoReturn:
        raise NotImplementedError

    async def track(numbers: Sequence[str]) -> NoReturn:
        raise Unreachable("chronopost:not_built")

    return Calls(make_label, check_label, track, Account("none"))


CODES = {"D": CodeMeaning("delivered")}


def read(code: str, country: str | None) -> CodeMeaning:
    return CODES.get(code, CodeMeaning(None))


CARRIER = Carrier("chronopost", ChronopostSettings, connect, "shipping", CODES, read, ())
"""
)
ENTRY = """    DeclaredCarrier(
        "chronopost",
        routes=(Route("chronopost", country="JP", product="2M", ddp=False, source="a sample"),),
        limits=(ParcelLimits("chronopost", date(2020, 1, 1), 30_000, 1_500, 3_000, "a sample"),),
    ),
"""


def add_a_carrier(tree: Tree) -> None:
    tree.write("services/carrier/carriers/chronopost/__init__.py", CARRIER)
    tree.insert("contracts/carriers.py", ')\n"""Of two carriers', ENTRY)
    tree.insert(".env.example", "# La Poste. Compose", "#CHRONOPOST_PASSWORD=\n")


COUNTRY = (
    '"""Japan."""\n'
    + '''
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic_settings import BaseSettings

from contracts.base import OrderLine
from contracts.carrier import ParcelScanned
from services.customs.destinations.destination import (
    Authority,
    Destination,
    Document,
    Message,
    Parts,
    ReceiptText,
    ReceivedReceipt,
    SetAsideReceipt,
)
from services.customs.regimes.base import ImportRegime, Refusal, Sums
from services.customs.regimes.tables import Tables
from services.customs.regimes.taxes import Tax
from shared.db import DB
from shared.http.client import Client, Counterpart


class JapanSettings(BaseSettings):
    """None."""


@dataclass(frozen=True, slots=True)
class JapanPostal:
    name: str = "japan_postal"
    documents: tuple[str, ...] = ()

    def day(self, instant: datetime) -> date:
        return instant.astimezone(ZoneInfo("Asia/Tokyo")).date()

    def value(self, sums: Sums) -> Decimal:
        return sums.goods

    def judge(self, lines: Sequence[OrderLine], sums: Sums, day: date) -> Refusal | Tax:
        return Tax(())

    def rules(self, day: date) -> tuple[str, ...]:
        return ()

    def changes_at(self, day: date) -> Mapping[str, Decimal]:
        return {}

    def codes(self, lines: Sequence[OrderLine], sums: Sums, day: date) -> Mapping[int, str]:
        return {line.line: line.hs_code for line in lines}

    def declarable(self, lines: Sequence[OrderLine], sums: Sums, day: date) -> bool:
        return True

    def yearly_limit(self, day: date) -> Decimal | None:
        return None

    def returnable_until(self, released: datetime) -> datetime | None:
        return None

    def cleared_by(self, scans: Sequence[ParcelScanned]) -> bool:
        return any(scan.status == "import_cleared" for scan in scans)


class Japan:
    country = "JP"
    counterpart = "customs.japan"
    message_types = ()
    flight_unknown: frozenset[str] = frozenset()
    settings = JapanSettings
    sealed = ()

    def regimes(self, tables: Tables) -> Sequence[ImportRegime]:
        return (JapanPostal(),)

    def connect(self, settings: JapanSettings, parts: Parts, seconds: float) -> Authority:
        return Authority(Counterpart(self.counterpart, Client()), (), ())

    async def declaration_written(self, db: DB, order_id: UUID, parcel: int) -> bool:
        return False

    async def write_again(self, db: DB, kind: str, order_id: UUID, parcel: int) -> None:
        pass

    async def messages(self, db: DB, order_id: UUID) -> list[Message]:
        return []

    async def document(self, db: DB, order_id: UUID, parcel: int, message: str) -> Document | None:
        return None

    async def receipts(self, db: DB, order_id: UUID) -> list[ReceivedReceipt]:
        return []

    async def receipt_texts(self, db: DB, order_id: UUID, parcel: int) -> list[ReceiptText]:
        return []

    async def to_settle(self, db: DB) -> list[SetAsideReceipt]:
        return []

    async def settle(self, db: DB, receipt_id: int, who: str, now: datetime) -> bool:
        return False

    async def on_erased(self, db: DB, order_ids: Sequence[UUID]) -> None:
        pass

    async def drop_expired(self, db: DB, now: datetime) -> None:
        pass


DESTINATION: Destination = Japan()
'''
)


LANE = """    {
      "name": "postal",
      "regime": "japan_postal",
      "carrier": "chronopost",
      "product": "2M",
      "waybill_filed_by": "nobody",
      "transport_mode": "post",
      "tax_paid_by": "addressee",
      "tax_collected_by": "japan_post",
      "office": "postal_customs_of_arrival",
      "from": "2020-01-01",
      "to": null,
      "source": "a sample"
    },
"""
FIND_LANE = """from datetime import date
from contracts.carriers import route_to
from services.customs.regimes.rule_checks import check
from services.customs.regimes.rule_files import files_of
from services.customs.regimes.lanes import load
files = files_of(None)
check(files)
print(load(files["lanes.json"]).of("japan_postal", route_to("JP"), date(2026, 11, 20)).carrier)
"""


def add_a_country(tree: Tree) -> None:
    tree.write("services/customs/destinations/jp/__init__.py", COUNTRY)
    tree.replace("services/customs/destinations/__init__.py", 'COUNTRIES = ("CN",)', 'COUNTRIES = ("CN", "JP")')
    tree.replace("contracts/vocabularies.py", '"personal_postal")', '"personal_postal", "japan_postal")')
    tree.insert("services/customs/data/lanes.json", '    {\n      "name": "postal",', LANE)


EVENT = '''class OrderWeighed(OrderEvent):
    """All parcels of the order are weighed."""

    NAME: ClassVar[str] = "order-weighed"


'''
EXAMPLE = """import json
from datetime import UTC, datetime
from uuid import UUID
from contracts.warehouse import OrderWeighed
event = OrderWeighed(order_id=UUID(int=1), occurred_at=datetime(2026, 11, 11, 6, tzinfo=UTC))
print(json.dumps(event.model_dump(mode="json"), indent=2))
"""


def add_an_event(tree: Tree) -> None:
    tree.insert("contracts/warehouse.py", "class OrderWithdrawn(", EVENT)
    tree.insert("contracts/topics.py", "        warehouse.OrderWithdrawn,", "        warehouse.OrderWeighed,\n")
    tree.write("contracts/examples/order-weighed.v1/weighed.json", tree.python("-c", EXAMPLE))
    tree.insert("services/tracking/handlers.py", "    orders.OrderPlaced,", "    warehouse.OrderWeighed,\n")
    tree.insert("services/tracking/README.md", "| `stock-reserved.v1`", "| `order-weighed.v1` | the warehouse |\n")
    tree.insert("services/warehouse/README.md", "| `parcel-received-back.v1`", "| `order-weighed.v1` | weighed |\n")


ADD: dict[str, Callable[[Tree], None]] = {
    "a service": add_a_service,
    "a carrier": add_a_carrier,
    "a country": add_a_country,
    "an event": add_an_event,
}
PACKAGES = (
    f"services/{PARCELS}/",
    "services/carrier/carriers/chronopost/",
    "services/customs/destinations/jp/",
)
TOUCHED = {
    "a service": ["services/registry.py", "docker-compose.yml"],
    "a carrier": ["contracts/carriers.py", ".env.example"],
    "a country": [
        "services/customs/destinations/__init__.py",
        "contracts/vocabularies.py",
        "services/customs/data/lanes.json",
    ],
    "an event": [
        "contracts/warehouse.py",
        "contracts/topics.py",
        "contracts/examples/order-weighed.v1/weighed.json",
        "services/tracking/handlers.py",
        "services/tracking/README.md",
        "services/warehouse/README.md",
    ],
}
"""By hand, besides the packages, by the rows of the table."""


def processor_seconds() -> float:
    """Of all commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_what_is_added_touches_what_the_page_says(tmp_path: Path) -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition("| to add | touch |\n|---|---|\n")[2]
    assert re.findall(r"^\| (\w+ \w+) \|", table.partition("\n\n")[0], re.MULTILINE) == list(ADD)
    before = processor_seconds()
    tree = Tree(tmp_path / "silkpost")
    touched = {}
    for row, add in ADD.items():
        tree.by_hand = []
        add(tree)
        touched[row] = [path for path in tree.by_hand if not path.startswith(PACKAGES)]
    assert touched == TOUCHED
    tree.make("contracts")
    tree.make("lint")
    tree.python("-m", "pytest", "-p", "no:cacheprovider", "tests/unit/test_deployment_files.py", *CHECKS)
    services = tree.python("-c", "from services.registry import SERVICES; print(*SERVICES)").split()
    assert services == [*SERVICES, PARCELS]
    named = tree.python("-c", "from services.carrier.carriers import CARRIERS; print(*(one.name for one in CARRIERS))")
    assert named.split() == [*CARRIERS, "chronopost"]
    countries = tree.python("-c", "from services.customs.destinations import DESTINATIONS; print(*DESTINATIONS)")
    assert countries.split() == ["CN", "JP"]
    assert tree.python("-c", FIND_LANE).split() == ["chronopost"]
    assert "chronopost" in (tree.root / "contracts/schemas/label-created.v1.json").read_text(encoding="utf-8")
    assert processor_seconds() - before < WITHIN_SECONDS
