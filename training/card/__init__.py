"""The model card: what a registered version was taught, how it did, and where its limits lie."""

from __future__ import annotations

from training.card.content import model_card
from training.card.page import card_page
from training.card.selection import selection_line

__all__ = ["card_page", "model_card", "selection_line"]
