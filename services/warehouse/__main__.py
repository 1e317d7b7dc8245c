from __future__ import annotations

from services.warehouse.main import main

main()
