"""The client of a start asks patiently, but not for ever, never acts twice, and says what failed."""

import json
import time
from random import Random

import pytest
from loguru import logger

from adapters.bitmex import client as clients
from adapters.bitmex import credentials, queries
from adapters.bitmex.answers import Accepted, LoginFailed, RateLimited, VenueOverloaded, VenueRefused, VenueSilent
from adapters.bitmex.client import TRIES, RestClient
from adapters.bitmex.credentials import LoopbackKeys
from adapters.bitmex.environment import Loopback
from adapters.bitmex.requests import Request, query
from adapters.errors import InputError, VenueError
from adapters.exchange.account import Key
from adapters.exchange.faults import Faults, Rule
from adapters.exchange.simulation import generated_market
from tests.adapters.bitmex.wire_servers import KEY, SECRET, Answering, answer, serving
from tests.adapters.exchange import serving as exchange
from tests.builders import SECOND

OVERLOADED = answer(
    b'{"error":{"message":"The system is currently overloaded. Please try again later.","name":"HTTPError"}}',
    status="503 Busy",
)
LIMITED = answer(
    b'{"error":{"message":"Rate limit exceeded, retry in 3 seconds."}}', status="429 Slow", Retry_After="3"
)
CANCEL = Request(verb="DELETE", path="/api/v1/order", body='{"clOrdID":"a"}')
ASK = query("/order", count=1)


class Asking:
    """A client at a port, that sleeps in no time."""

    def __init__(self, port, *, keys=True, **options):
        self.slept = []
        keys = LoopbackKeys(KEY, SECRET) if keys is True else keys
        self.client = RestClient(Loopback(port=port), keys, sleep=self.slept.append, random=Random(1), **options)


@pytest.fixture
def asked():
    """asked(answers ...): (server, client, what it slept)."""
    opened = []

    def make(*answers, **options):
        server = Answering(*answers)
        context = serving(server)
        asking = Asking(context.__enter__(), **options)
        opened.append((context, asking))
        return server, asking.client, asking.slept

    yield make
    for context, asking in opened:
        asking.client.close()
        context.__exit__(None, None, None)


def test_a_question_is_asked_until_it_is_answered(asked):
    server, client, slept = asked(OVERLOADED, lambda _: None, answer(b"<html>", status="502 Bad"), answer(b'[{"a":1}]'))

    assert client.rows(ASK) == ({"a": 1},)
    assert len(server.requests) == 4
    # A kept connection that breaks is tried once more without a pause.
    assert len(slept) == 2
    assert slept[0] >= 0.5
    assert sum(slept) < 10


def test_it_gives_up_in_the_end(asked):
    server, client, slept = asked(OVERLOADED)

    with pytest.raises(VenueError, match="loopback: GET /api/v1/order: The system is currently overloaded"):
        client.rows(ASK)
    assert (len(server.requests), len(slept)) == (TRIES, TRIES - 1)


def test_a_limit_is_waited_for_as_the_venue_says(asked):
    _, client, slept = asked(LIMITED, answer(b"[]"))

    assert client.rows(ASK) == ()
    assert slept == [3.0]


def test_who_looks_on_is_told_of_a_long_wait(asked):
    _, client, _ = asked(LIMITED, answer(b"[]"))
    said: list[str] = []
    sink = logger.add(said.append, format="{level} {message}")
    try:
        client.rows(ASK)
    finally:
        logger.remove(sink)

    (line,) = said
    assert line.startswith("WARNING loopback: GET /api/v1/order: ")
    assert line.endswith("; asked again in 3 s\n")


def test_it_does_not_wait_for_longer_than_it_has_patience(asked):
    far = answer(b'{"error":{"message":"Rate limit exceeded"}}', status="429 Slow", Retry_After="3000")
    server, client, slept = asked(far)

    assert isinstance(client.answer(ASK), RateLimited)
    assert (len(server.requests), slept) == (1, [])


@pytest.mark.parametrize("verb", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    ("reply", "kind"), [(OVERLOADED, VenueOverloaded), (LIMITED, RateLimited), (lambda _: None, VenueSilent)]
)
def test_what_acts_is_sent_once(asked, verb, reply, kind):
    server, client, slept = asked(reply)

    assert isinstance(client.answer(Request(verb=verb, path="/api/v1/order", body="{}")), kind)
    assert (len(server.requests), slept) == (1, [])


@pytest.mark.parametrize("status", ["400 Bad", "401 No", "403 No", "404 Not Found"])
def test_a_refusal_is_not_asked_again(asked, status):
    server, client, _ = asked(answer(b'{"error":{"message":"No."}}', status=status))

    assert isinstance(client.answer(ASK), (VenueRefused, LoginFailed))
    assert len(server.requests) == 1


def test_a_banned_address_asks_no_more(asked):
    server, client, _ = asked(answer(b"<html>denied</html>", status="403 Forbidden"))

    with pytest.raises(VenueError, match="this address is banned"):
        client.rows(ASK)
    assert len(server.requests) == 1


def test_nobody_there_is_a_venue_error():
    with serving(Answering(answer())) as port:
        pass
    asking = Asking(port)

    with pytest.raises(VenueError, match="refused"):
        asking.client.account_number()
    assert len(asking.slept) == TRIES - 1


def paged(size, rows):
    """Answers with pages of `size`, of `rows` rows."""

    def reply(connection):
        line = server.requests[-1][0]
        start = int(line.partition("start=")[2].split(" ")[0].split("&")[0])
        page = [{"n": n} for n in range(start, min(rows, start + size))]
        connection.sendall(answer(json.dumps(page).encode()))
        return "go on"

    server = Answering(reply)
    return server


@pytest.mark.parametrize("rows", [0, 1, 499, 500, 501, 1234])
def test_all_pages_are_had_in_order(rows):
    server = paged(500, rows)
    with serving(server) as port:
        asking = Asking(port)
        told = asking.client.get_all(queries.orders())
        asking.client.close()

    assert [row["n"] for row in told] == list(range(rows))
    assert len(server.requests) == rows // 500 + 1
    assert server.connections == 1


def test_pages_that_do_not_end_are_given_up(asked, monkeypatch):
    monkeypatch.setattr(clients, "PAGES_MAX", 7)
    server, client, _ = asked(answer(json.dumps([{"n": 1}] * 500).encode()))

    with pytest.raises(VenueError, match="more than 7 pages"):
        client.get_all(queries.orders())
    assert len(server.requests) == 7


def test_a_page_that_fails_fails_all_of_them(asked):
    _, client, _ = asked(answer(json.dumps([{"n": 1}] * 500).encode()), answer(b"{}", status="400 Bad"))

    with pytest.raises(VenueError, match="GET /api/v1/order"):
        client.get_all(queries.orders())


def test_the_venues_clock_is_learned_from_every_answer(asked):
    shown = answer(b"[]", Date="Thu, 26 Nov 2026 07:00:00 GMT")
    now = [1_795_676_400 * SECOND + 50 * SECOND]
    server, client, _ = asked(shown, clock=lambda: now[0])

    client.rows(ASK)

    assert abs(client.clock_offset.offset + 50 * SECOND) <= SECOND
    client.rows(ASK)
    first, second = (int(headers["api-expires"]) for _, headers, _ in server.requests)
    assert first - second in (49, 50, 51)


def test_keys_of_another_venue_are_refused():
    with pytest.raises(InputError, match="these keys are for testnet"):
        RestClient(Loopback(port=1), credentials.TestnetKeys(KEY, SECRET))


def test_an_instrument_of_another_name_is_not_taken_for_it(asked):
    _, client, _ = asked(answer(b'[{"symbol":"XBTUSDT"}]'))

    with pytest.raises(VenueError, match="instrument 'XBTUSD': there is none"):
        client.instruments(["XBTUSD"])


@pytest.mark.parametrize("told", [None, "order", [["withdraw", {}]], ["Withdrawal"]])
def test_what_is_not_known_of_a_keys_rights_is_no_permission(asked, told):
    _, client, _ = asked(answer(json.dumps([{"id": "other"}, {"id": KEY, "permissions": told}]).encode()))

    with pytest.raises(VenueError, match=r"may withdraw|does not tell"):
        client.require_no_withdrawals()


@pytest.mark.parametrize("body", [b"[]", b"[{},{}]", b'{"id":"x"}', b'{"id":null}', b'{"id":1.5}'])
def test_an_account_without_a_number_is_said(asked, body):
    _, client, _ = asked(answer(body))

    with pytest.raises(VenueError, match="loopback: GET /api/v1/user"):
        client.account_number()


# Against the exchange.


@pytest.fixture(scope="module")
def server():
    with exchange.served(
        generated_market(seed=4, now=time.time_ns(), history_minutes=5, warm_up_s=5), faults=Faults()
    ) as found:
        yield found


@pytest.fixture
def client(server):
    with RestClient(Loopback(port=server.port), LoopbackKeys(exchange.KEY, exchange.SECRET)) as found:
        yield found
    server.faults.clear()
    server.faults.skew_s = 0.0


def test_it_asks_the_exchange_what_a_start_needs(server, client):
    assert client.account_number() == server.account.number
    assert [row["symbol"] for row in client.instruments(["ETHUSD", "XBTUSD"])] == ["ETHUSD", "XBTUSD"]
    assert {row["currency"] for row in client.margin()} >= {"XBt"}
    assert client.permissions() == {"order"}
    client.require_no_withdrawals()
    assert client.clock_offset.is_known
    assert abs(client.clock_offset.offset) < 5 * SECOND


def test_an_instrument_that_is_not_there_is_named(client):
    with pytest.raises(VenueError, match="instrument 'NOSUCH': there is none"):
        client.instruments(["XBTUSD", "NOSUCH"])


def test_a_key_that_may_withdraw_is_refused(server):
    may = Key(
        id="rich-key", secret="rich-secret", account=server.account.number, permissions=frozenset({"order", "withdraw"})
    )
    exchange.on_loop(server, lambda: server.exchange.add_key(may))

    with RestClient(Loopback(port=server.port), LoopbackKeys("rich-key", "rich-secret")) as client:
        assert client.permissions() == {"order", "withdraw"}
        with pytest.raises(VenueError, match="may withdraw"):
            client.require_no_withdrawals()


@pytest.mark.parametrize("skew", [-3600, 3600])
def test_a_clock_that_is_an_hour_off_is_corrected(server, client, skew):
    server.faults.skew_s = skew

    # By a clock far behind, the first signature is too old already; the second is made by the venue's clock.
    assert client.account_number() == server.account.number
    assert abs(client.clock_offset.offset - skew * SECOND) < 5 * SECOND


def test_wrong_keys_are_said_and_not_tried_again(server):
    with (
        RestClient(Loopback(port=server.port), LoopbackKeys("a-key", "another")) as client,
        pytest.raises(VenueError, match="Signature not valid"),
    ):
        client.account_number()


def test_faults_of_the_exchange_are_outlasted(server):
    for kind in ("503", "502", "timeout"):
        server.faults.add(Rule(kind=kind, verb="GET", path="/user", count=1, ms=20))
    asking = Asking(server.port, keys=LoopbackKeys(exchange.KEY, exchange.SECRET))

    assert asking.client.account_number() == server.account.number
    assert asking.slept
    asking.client.close()
    server.faults.clear()


def test_an_order_is_placed_once_and_its_lost_answer_is_no_refusal(server, client):
    server.faults.add(Rule(kind="502", when="after", verb="POST", path="/order", count=1))
    body = '{"symbol":"XBTUSD","orderQty":100,"price":1000,"clOrdID":"c-1"}'

    answered = client.answer(Request(verb="POST", path="/api/v1/order", body=body, repeatable=False))

    assert isinstance(answered, VenueSilent)
    assert isinstance(client.answer(queries.orders_named(["c-1"])), Accepted)
    assert len(client.rows(queries.orders_named(["c-1"]))) == 1
