"""The strategies that come with openoutcry. All decide at closes, and keep their state per symbol."""

from actors.strategies.buy_and_hold import BuyAndHold
from actors.strategies.ema_cross import EmaCross
from actors.strategies.random_positions import RandomPositions
from actors.strategies.turtle import Turtle
from actors.strategy import Strategy

BUILT_IN: dict[str, type[Strategy]] = {
    "random": RandomPositions,
    "ema-cross": EmaCross,
    "turtle": Turtle,
    "buy-and-hold": BuyAndHold,
}
"""By the name that configurations use."""

__all__ = ["BUILT_IN", "BuyAndHold", "EmaCross", "RandomPositions", "Turtle"]
