"""Trading ends at a word from another terminal, or when the venue does not take our keys; and one trades alone."""

import threading

import attrs

from adapters.journal import Journal
from messages import OrderRefused, TradingState, VenueReady
from tests.adapters.exchange.serving import KEY
from tests.system.commands import run_command
from tests.system.live.agreement import assert_agree, assert_nothing_after_the_halt, rows, summary
from tests.system.live.lives import Life, a_folder, a_strategy
from tests.system.live.venue import until


def refused(life, reason):
    return [each for each in life.of(OrderRefused) if each.reason == reason]


def test_halt_from_another_terminal_ends_trading_until_somebody_resumes_it(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, a_strategy("Mixed"), a_strategy("Flipper"))

    with Life(folder, config) as life:
        until(lambda: venue.open_orders() and len(venue.trades()) >= 2, life.story)
        run_command("halt", folder, "--reason", "a test", cwd=tmp_path)
        until(lambda: not venue.open_orders() and len(refused(life, "halted")) >= 3, life.story)
        assert life.stop("--for") == 3

    assert_nothing_after_the_halt(life, venue)
    posts = sum(venue.posts().values())
    assert "a test" in summary(folder)["halted"]
    assert_agree(folder, venue)

    with Life(folder) as life:
        life.ready()
        until(lambda: len(refused(life, "halted")) >= 3, life.story)
        assert life.stop("--for") == 3
    assert sum(venue.posts().values()) == posts

    with Life(folder, resume=True) as life:
        until(lambda: sum(venue.posts().values()) >= posts + 4, life.story)
        assert life.stop("--for") == 0
    assert_agree(folder, venue)


def test_an_order_that_the_journal_lets_go_after_the_cancel_of_all_is_not_sent(tmp_path, venue, monkeypatch):
    folder, config = a_folder(tmp_path, venue, a_strategy("Holder"))
    held, go, honest = [], threading.Event(), Journal.on_approved_order

    def slow(journal, approved):
        held.append(approved.order.client_id)
        go.wait(60)
        return honest(journal, approved)

    monkeypatch.setattr(Journal, "on_approved_order", slow)
    with Life(folder, config) as life:
        until(lambda: held and len(life.system.record.submitted) >= 2, life.story)
        stop = threading.Thread(target=life.stop)
        stop.start()
        until(lambda: venue.count("DELETE", "/order/all"), life.story)
        go.set()
        stop.join()

    assert not venue.posts()
    assert not venue.open_orders()


def test_keys_that_the_venue_does_not_take_any_more_halt_and_nothing_is_tried_again(tmp_path, venue, monkeypatch):
    monkeypatch.setattr("adapters.live.stopping.Patience.__init__.__kwdefaults__", {"flatten_s": 1.0, "cancel_s": 0.5})
    folder, config = a_folder(tmp_path, venue, a_strategy("Mixed"))
    keys = venue.server.exchange.keys

    with Life(folder, config) as life:
        until(lambda: len(venue.trades()) >= 2, life.story)
        venue.on_loop(lambda: keys.update({KEY: attrs.evolve(keys[KEY], enabled=False)}))
        until(lambda: life.states()[-1] is TradingState.HALTED, life.story)
        until(lambda: len(refused(life, "halted")) >= 2, life.story)
        assert life.stop("--for") == 3

    assert_nothing_after_the_halt(life, venue)
    assert "keys" in summary(folder)["halted"]
    assert len([each for each in venue.asked if venue.is_post(each) and each.status != 200]) <= 2


def test_a_second_process_on_the_folder_or_the_account_is_refused(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, a_strategy("Holder"))
    other, _ = a_folder(tmp_path, venue, name="other")

    with Life(folder, config) as life:
        life.ready()
        on_folder = run_command("live", "--out", folder, cwd=tmp_path, code=2).stderr
        on_account = run_command("live", "--config", config, "--out", other, cwd=tmp_path, code=2).stderr

    assert "run folder" in on_folder
    assert "in use by process" in on_folder
    assert f"account {venue.server.account.number} at loopback" in on_account
    assert str(folder) in on_account


def test_on_paper_no_key_is_used_and_no_order_leaves(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, a_strategy("Flipper"), a_strategy("Mixed"))

    with Life(folder, config, paper=True) as life:
        until(lambda: life.run.state.snapshot().counts.fills >= 4, life.story)

    # The start asks the loopback exchange whether it knows us.
    assert {(each.verb, each.path) for each in venue.asked} <= {("GET", "/user")}
    assert venue.orders() == []
    assert len(rows(folder, "fills.csv")) >= 4
    assert summary(folder)["live"]["paper"] is True
    assert not life.of(VenueReady)
