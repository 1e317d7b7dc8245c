from __future__ import annotations

from services.provenance.main import main

main()
