from __future__ import annotations

from services.makers.main import main

main()
