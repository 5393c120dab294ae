"""What a payment provider has to do, and the words in which it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shop.database import Document

type Kind = Literal["succeeded", "failed", "ignored"]


@dataclass(frozen=True, slots=True)
class Intent:
    """A payment that waits for the customer: its name there, and what to do next.

    `action` is the address at which the fake provider is paid, or the client secret
    that Stripe's own form asks for.
    """

    reference: str
    action: str


@dataclass(frozen=True, slots=True)
class Event:
    """What a provider tells: `amount` in minor units, `signature` as it came."""

    id: str
    kind: Kind
    reference: str
    amount: int
    currency: str
    signature: str


class PaymentProvider(Protocol):
    """Takes money for orders and gives it back."""

    name: str

    def create(self, order: Document, attempt: int) -> Intent:
        """Ask for the total of the order; the same attempt again asks once."""

    def refund(self, payment: Document) -> None:
        """Pay everything back; again for the same payment does nothing."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> Event:
        """Return what a webhook says; raise Problem 400 if it is not theirs."""
