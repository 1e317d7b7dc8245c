"""La Poste's event codes (Suivi v2): their labels, and their step of the timeline's five.

Source: the public code tables of several Suivi clients, which agree. The wording is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[1, 0, -1]
"""A timeline step's `type`: 1 normal, 0 information, -1 problem."""


@dataclass(frozen=True, slots=True)
class EventCode:
    step: int
    fr: str
    en: str
    kind: Kind = 1


CODES: dict[str, EventCode] = {
    "DR1": EventCode(1, "Déclaratif réceptionné", "Declaration received", 0),
    "PC1": EventCode(2, "Pris en charge", "Taken in charge"),
    "PC2": EventCode(2, "Pris en charge dans le pays d'expédition", "Taken in charge in the country of dispatch"),
    "ET1": EventCode(3, "En cours de traitement", "Being processed"),
    "ET2": EventCode(3, "En cours de traitement dans le pays d'expédition", "Processed in the country of dispatch"),
    "ET3": EventCode(3, "En cours de traitement dans le pays de destination", "Processed in the destination country"),
    "ET4": EventCode(3, "En cours de traitement dans un pays de transit", "Processed in a transit country"),
    "EP1": EventCode(3, "En attente de présentation", "Awaiting presentation"),
    "DO1": EventCode(3, "Entrée en douane", "Entered customs"),
    "DO2": EventCode(3, "Sortie de douane", "Left customs"),
    "DO3": EventCode(3, "Retenu en douane", "Held in customs", 0),
    "PB1": EventCode(3, "Problème en cours", "Problem in progress", -1),
    "PB2": EventCode(3, "Problème résolu", "Problem solved"),
    "MD2": EventCode(4, "Mis en distribution", "Out for delivery"),
    "ND1": EventCode(4, "Non distribuable", "Could not be delivered", -1),
    "AG1": EventCode(4, "En attente d'être retiré au guichet", "Waiting to be collected at the counter", 0),
    "RE1": EventCode(4, "Retourné à l'expéditeur", "Being returned to the sender", -1),
    "DI1": EventCode(5, "Distribué", "Delivered"),
    "DI2": EventCode(5, "Distribué à l'expéditeur", "Delivered back to the sender", -1),
}

UNKNOWN = EventCode(3, "Information", "Information", 0)
"""Of a code that is not in the table: La Poste sends such codes, and a scenario may use one."""

FINAL = frozenset({"DI1", "DI2"})
"""La Poste's `isFinal`: true of DI2 too, which is not a delivery."""

STEPS: tuple[tuple[str, str], ...] = (
    ("Colis annoncé", "Announced"),
    ("Pris en charge", "Taken in charge"),
    ("En cours d'acheminement", "On its way"),
    ("En cours de livraison", "Out for delivery"),
    ("Livré", "Delivered"),
)


def code_of(code: str) -> EventCode:
    """The table's row, or `UNKNOWN`."""
    return CODES.get(code, UNKNOWN)
