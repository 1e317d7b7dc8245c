"""What every service with pages reads from the environment for them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

ContactEmail = Annotated[
    str,
    Field(
        max_length=80,
        pattern=r"^([^@\s]+@[^@\s]+\.[^@\s]+)?$",
        description="to which readers of the pages write; none is shown when it is empty",
    ),
]
