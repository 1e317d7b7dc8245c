"""What follows from the facts of one order: labels to ask for, outcomes of parcels, enquiries, claims, closed cases."""

from __future__ import annotations

from services.carrier.domain import claim_cases, duties, enquiries, labels, outcomes, repacked
from services.carrier.domain.duties import DutyCodes
from services.carrier.domain.silence import SilencePolicy
from shared.ledger.facts import DecisionContext, Facts, Output


def decide(facts: Facts, context: DecisionContext, policy: SilencePolicy, duty_codes: DutyCodes) -> list[Output]:
    """Every output of the carrier service for this order."""
    return [
        *labels.outputs(facts, context),
        *outcomes.outputs(facts, context),
        *labels.closed_cases(facts, context),
        *duties.charged_twice(facts, context, duty_codes),
        *repacked.travelling(facts, context),
        *enquiries.closed(facts, context),
        *enquiries.outputs(facts, context, policy),
        *claim_cases.closed(facts, context),
        *claim_cases.outputs(facts, context, policy),
    ]
