"""What a configuration says of sources and of symbols that are only heard is checked, and every mistake is named."""

import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.configuration import structured, to_toml
from adapters.configuration.typed import BacktestOptions
from adapters.errors import InputError
from adapters.preparation import prepare

STRATEGY = """
from actors import Strategy

class Hears(Strategy):
    def on_event(self, event):
        self.target(event.get("n"))

class News(Hears):
    events = ["news"]

class Deaf(Strategy):
    pass
"""
MARKET = """
[[data]]
symbol = "XBTUSD"
generated = { count = 50 }
[[data]]
symbol = "GOLD"
generated = { count = 50, seed = 2 }
"""


def problems(text):
    return structured(tomllib.loads(text, parse_float=Decimal))[1]


def reasons(body):
    return problems(f'[[events]]\nsource = "mood"\n{body}\n')


@pytest.mark.parametrize(
    ("body", "path", "reason"),
    [
        ("", "events[0]", "must have a file, listen"),
        ('file = "a.jsonl"\nlisten = { port = 1 }', "events[0]", "comes from one place"),
        ('file = "a.jsonl"\nstore = "data"', "events[0].store", "would read both"),
        ("listen = { port = 1 }\ndelay_s = 3", "events[0].delay_s", "belongs to a file"),
        ("listen = { port = 0 }", "events[0].listen.port", "from 1 to 65535"),
        ("listen = { port = 1, prot = 1 }", "events[0].listen.prot", "did you mean port?"),
        ('listen = { port = 1, host = "0.0.0.0" }', "events[0].listen.host", "allow_remote = true"),
        ('listen = { port = 1, token_env = "A", token_file = "b" }', "events[0].listen.token_env", "not from both"),
        ('listen = { port = 1, token_env = "a b" }', "events[0].listen.token_env", "no name of an environment"),
        ('poll = { url = "ftp://x/y" }', "events[0].poll.url", "https:// or http://"),
        ('poll = { url = "file:///etc/passwd" }', "events[0].poll.url", "https:// or http://"),
        ('poll = { url = "https://u:p@x/y" }', "events[0].poll.url", "must not hold a user"),
        ('poll = { url = "https://x/y#z" }', "events[0].poll.url", "never sent"),
        ('poll = { url = "http://x/y", key_env = "K" }', "events[0].poll.url", "over https alone"),
        ('poll = { url = "https://x", every_s = 0.5 }', "events[0].poll.every_s", "at least 1 second"),
        ('poll = { url = "https://x", format = "rss", id = "a" }', "events[0].poll.id", "belongs to format = 'json'"),
        ('poll = { url = "https://x", key_header = "a: b" }', "events[0].poll.key_header", "no name of a header"),
        ('poll = { url = "https://x", fields = { a = 1 } }', "events[0].poll.fields.a", "must be a text"),
        ('file = "a.jsonl"\nsilence_s = 0', "events[0].silence_s", "above zero"),
    ],
)
def test_a_mistake_in_a_source_is_named_by_its_key(body, path, reason):
    ((found, said),) = reasons(body)

    assert found == path
    assert reason in said


def test_the_address_of_a_mistake_shows_no_password():
    assert "hunter2" not in str(reasons('poll = { url = "https://u:hunter2@x/y" }'))


@pytest.mark.parametrize("name", ["Mood", "a b", "", "x" * 33, "../etc", "-a"])
def test_a_source_is_named_as_files_and_actors_can_be(name):
    assert problems(f'[[events]]\nsource = "{name}"\nfile = "a.jsonl"\n')


def test_two_entries_of_one_source_are_a_mistake():
    twice = '[[events]]\nsource = "mood"\nfile = "a.jsonl"\n' * 2

    assert problems(twice) == [("events[1].source", "'mood' is already that of events[0]")]


def test_what_is_written_is_read_again_equal():
    text = """
[[events]]
source = "news"
listen = { port = 8765, host = "127.0.0.1", token_env = "NEWS_TOKEN", events_per_second = 5, bytes_max = 1000 }
store = "data"
kind = "headline"
silence_s = 60
[[events]]
source = "mood"
poll = { url = "https://example.org/x", every_s = 30, items = "a.b", id = "id", fields = { n = "a.n" }, backlog = true }
[[strategies]]
strategy = "random"
symbols = ["XBTUSD"]
hears = ["GOLD"]
events = ["news"]
"""
    configuration, wrong = structured(tomllib.loads(text, parse_float=Decimal))
    again, still_wrong = structured(tomllib.loads(to_toml(configuration), parse_float=Decimal))

    assert wrong == still_wrong == []
    assert again == configuration


# As a backtest reads it.


def prepared(place, text, **options):
    (place / "s.py").write_text(STRATEGY)
    (place / "mood.jsonl").write_text('{"ts": "2024-01-01T12:00:00Z", "n": 1}\n')
    (place / "c.toml").write_text(MARKET + text)
    return prepare(BacktestOptions(config=Path(place / "c.toml"), **options))


MOOD = '[[events]]\nsource = "mood"\nfile = "mood.jsonl"\n'


def entry(kind="Hears", more=""):
    return f'[[strategies]]\nid = "s"\nstrategy = "s.py:{kind}"\n{more}\n'


def test_a_symbol_that_is_only_heard_needs_no_instrument_and_is_not_traded_by_default(tmp_path):
    found = prepared(tmp_path, MOOD + entry(more='hears = ["GOLD"]'))

    assert [each.symbol for each in found.instruments] == ["XBTUSD"]
    assert (found.entries[0].symbols, found.entries[0].hears) == (("XBTUSD",), ("GOLD",))
    assert found.described["s"].endswith("hears GOLD")
    assert "receipt is assumed at its ts" in " ".join(found.notes)


@pytest.mark.parametrize(
    ("text", "path", "reason"),
    [
        (entry("News") + MOOD, "strategies[0].events", "there is no source 'news'; there are mood"),
        (entry(more='events = ["moot"]') + MOOD, "strategies[0].events", "did you mean mood?"),
        (entry(more='events = ["mood"]'), "strategies[0].events", "there is no [[events]] entry"),
        (entry("Deaf", 'events = ["mood"]') + MOOD, "strategies[0].events", "Deaf has no on_event"),
        (entry(more='hears = ["SILVER"]'), "strategies[0].hears", "there are no data of 'SILVER'"),
        (entry(more='symbols = ["GOLD"]\nhears = ["GOLD"]'), "strategies[0].hears", "stands in symbols already"),
        (entry(more='hears = ["GOLD", "XBTUSD"]'), "strategies[0].symbols", "all symbols of the data are only heard"),
        ('[[events]]\nsource = "mood"\nfile = "gone.jsonl"\n' + entry(), "gone.jsonl", "there is no such file"),
    ],
)
def test_what_does_not_fit_together_is_named(tmp_path, text, path, reason):
    with pytest.raises(InputError) as caught:
        prepared(tmp_path, text)

    assert path in str(caught.value)
    assert reason in str(caught.value)


def test_the_run_is_named_by_what_was_heard_and_not_by_where_it_lay(tmp_path):
    places = [tmp_path / name for name in ("a", "b", "c")]
    for place in places:
        place.mkdir()
    same = [prepared(place, MOOD + entry()).run_id for place in places[:2]]
    other = prepared(places[2], MOOD.replace('"\n', '"\ndelay_s = 60\n', 1) + entry()).run_id

    assert same[0] == same[1] != other
