"""What the API takes and gives for readings and metrics."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from app.core.schemas import Answer, Schema
from app.readings.services import LONGEST, MOST_POINTS

type MetricName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Span(Schema):
    """From when until when; without them the last day."""

    start: AwareDatetime | None = None
    end: AwareDatetime | None = None

    @model_validator(mode="after")
    def in_order(self) -> Self:
        """Refuse a span that ends before it begins, or leaves the calendar."""
        years = [time.year for time in (self.start, self.end) if time is not None]
        if not all(1970 < year < 3000 for year in years):
            raise ValueError("`start` and `end` are between 1971 and 2999")
        if (
            self.start
            and self.end
            and not self.start < self.end <= self.start + LONGEST
        ):
            raise ValueError(f"`end` is after `start`, by {LONGEST.days} days at most")
        return self


class Range(Span):
    """Which readings, in how many points at most."""

    metric: MetricName
    points: Annotated[int, Field(ge=2, le=MOST_POINTS)] = 500


class Selection(Span):
    """Which readings to export; without a metric those of all."""

    metric: MetricName | None = None


class MetricInput(Schema):
    """The unit that a metric is in, for ever."""

    unit: Annotated[
        str, StringConstraints(max_length=16, pattern=r"^[^\x00-\x1f\x7f]*$")
    ]


class MetricAnswer(Answer):
    """Something that is measured."""

    name: str
    unit: str


class Metrics(Answer):
    """All metrics: there are not many."""

    items: list[MetricAnswer]


class PointAnswer(Answer):
    """What a span came to."""

    time: datetime
    min: float
    mean: float
    max: float
    count: int


class SeriesAnswer(Answer):
    """Points of `resolution` seconds each; 0 for readings as they came."""

    device_id: str
    metric: str
    unit: str
    resolution: int
    points: list[PointAnswer]


class LatestAnswer(Answer):
    """The newest reading of a metric."""

    metric: str
    unit: str
    time: datetime
    value: float


class LatestAnswers(Answer):
    """The newest readings of a device."""

    items: list[LatestAnswer]
