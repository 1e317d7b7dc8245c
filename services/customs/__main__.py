from __future__ import annotations

from services.customs.main import main

main()
