from __future__ import annotations

from services.tracking.main import main

main()
