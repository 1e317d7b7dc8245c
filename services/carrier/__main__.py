from __future__ import annotations

from services.carrier.main import main

main()
