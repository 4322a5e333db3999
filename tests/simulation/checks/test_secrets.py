"""A key is in no message, no exception's text and no file."""

import pytest

from adapters.simulation.checks.secrets import Canaries
from messages import ActorFailed, HaltTrading, Quarantined, RequestAnswered, SendRequest, SendText, TextReceived
from tests.simulation.checks.stand import Stand

SAID = (
    TextReceived(to="feed", number=1, text="my canary", at=1),
    SendText(to="line", number=1, text="my canary"),
    SendRequest(to="rest", reply_to="venue", number=1, verb="GET", path="/canary"),
    RequestAnswered(to="venue", number=1, failure="canary died", started=1, sent=1, received=1),
    ActorFailed(actor="line", epoch=1, during="Bar", error="E", trace="canary", at=1),
    Quarantined(symbol="XBTUSD", received=1, reason="malformed", text="canary"),
    HaltTrading(reason="canary"),
)


@pytest.mark.parametrize("message", SAID, ids=lambda message: type(message).__name__)
def test_a_key_in_a_message_is_named(tmp_path, message):
    stand = Stand(Canaries, folder=tmp_path)
    stand.say(message, "anybody")

    assert stand.violated == ["I11"]


def test_a_key_in_a_file_is_named_and_other_files_are_not(tmp_path):
    stand = Stand(Canaries, folder=tmp_path)
    (tmp_path / "run.log").write_text("all is well", encoding="utf-8")
    stand.judge.over()
    assert stand.violated == []
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "dump").write_bytes(b"\0\0canary\0")
    stand.judge.over()

    assert stand.violated == ["I11"]
