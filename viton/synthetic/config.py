"""What decides a made-up world."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt, model_validator

from viton.settings import Model


class WorldConfig(Model):
    """The made-up world (docs/data.md)."""

    people: PositiveInt  # over all splits
    garments: NonNegativeInt  # product pictures beyond everyone's own
    seed: NonNegativeInt
    height: Annotated[int, Field(ge=32)]  # px
    width: PositiveInt  # px, three quarters of the height
    noise: NonNegativeFloat = 0.0  # of the made-up estimators: 0 is exact, 1 as bad as a poor parser

    @model_validator(mode="after")
    def _three_by_four(self) -> WorldConfig:
        if self.width * 4 != self.height * 3:
            raise ValueError(f"width: expected three quarters of the height {self.height}, got {self.width}")
        if self.people + self.garments < 2:
            raise ValueError("garments: expected a second garment, or there is nothing to try on")
        return self
