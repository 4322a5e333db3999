"""Before a live run starts, its sources have their keys, or it says what is missing; no key is shown anywhere."""

import stat

import pytest

from adapters.configuration import EventsSection, ListenSection, PollSection
from adapters.errors import InputError
from adapters.events.live import TOKEN_FILE, SourceKeys, live_notes, live_problems, read_keys, source_specs
from tests.adapters.events.test_door import TOKEN

KEY = "Bearer abc-123456789"
NEWS = EventsSection(source="news", listen=ListenSection(port=8765))
MOOD = EventsSection(source="mood", poll=PollSection(url="https://example.org/x?a=1", key_env="MOOD_KEY"))


def test_a_token_is_made_in_the_runs_folder_private_and_strong_and_stays(tmp_path):
    guarded = []

    first = read_keys([NEWS], tmp_path, {}, guarded.append)
    second = read_keys([NEWS], tmp_path, {}, guarded.append)

    path = tmp_path / TOKEN_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first.by_source == second.by_source == {"news": path.read_text().strip()}
    assert len(first.by_source["news"]) >= 43
    assert first.by_source["news"] not in guarded[0](f"a log with {first.by_source['news']} in it")


def test_a_token_file_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "mine.token"
    path.write_text(TOKEN)
    path.chmod(0o644)
    section = EventsSection(source="news", listen=ListenSection(port=8765, token_file=str(path)))

    with pytest.raises(InputError, match="others can read or write") as caught:
        read_keys([section], tmp_path, {}, lambda _: None)

    assert TOKEN not in str(caught.value)


def test_a_token_that_could_be_guessed_is_refused(tmp_path):
    path = tmp_path / "mine.token"
    path.write_text("hunter2")
    path.chmod(0o600)
    section = EventsSection(source="news", listen=ListenSection(port=8765, token_file=str(path)))

    with pytest.raises(InputError, match="random letters and digits") as caught:
        read_keys([section], tmp_path, {}, lambda _: None)

    assert "hunter2" not in str(caught.value)


def test_keys_of_the_environment_are_taken_out_of_it(tmp_path):
    listen = EventsSection(source="news", listen=ListenSection(port=8765, token_env="NEWS_TOKEN"))
    environment = {"NEWS_TOKEN": TOKEN, "MOOD_KEY": KEY, "PATH": "/bin"}

    found = read_keys([listen, MOOD], tmp_path, environment, lambda _: None)

    assert found.by_source == {"news": TOKEN, "mood": KEY}
    assert environment == {"PATH": "/bin"}
    assert not list(tmp_path.iterdir())


def test_keys_are_shown_nowhere(tmp_path):
    found = read_keys([MOOD], tmp_path, {"MOOD_KEY": KEY}, lambda _: None)
    (spec,) = source_specs([MOOD], found, voice=lambda _address: print, clock=lambda: 0, seed="1 1")

    assert KEY not in repr(found) + repr(spec)


@pytest.mark.parametrize("environment", [{}, {"MOOD_KEY": ""}, {"MOOD_KEY": "sh"}, {"MOOD_KEY": "a\nb: injected12"}])
def test_a_key_that_is_missing_or_none_is_refused_without_showing_it(environment, tmp_path):
    with pytest.raises(InputError, match="MOOD_KEY") as caught:
        read_keys([MOOD], tmp_path, environment, lambda _: None)

    assert "injected" not in str(caught.value)


def test_a_file_that_cannot_be_followed_is_a_mistake_that_names_its_key():
    files = [EventsSection(source="a", file=name) for name in ("/x.jsonl", "/x.csv.gz", "/x.txt")]

    assert [path for path, _ in live_problems(files)] == ["events[1].file", "events[2].file"]


def test_what_can_be_heard_live_has_an_actor_and_a_note():
    sections = [NEWS, MOOD, EventsSection(source="past", store="/data"), EventsSection(source="file", file="/x.jsonl")]

    specs = source_specs(sections, SourceKeys(), voice=lambda _address: print, clock=lambda: 0, seed="1 1")

    assert [spec.address for spec in specs] == ["events:news", "events:mood", "events:file"]
    assert list(live_notes(sections)) == [
        "events news: POST http://127.0.0.1:8765/events",
        "events mood: https://example.org/x every 60 s",
        "events past: a store is for backtests; live nothing is heard of it",
        "events file: what is appended to /x.jsonl",
    ]
