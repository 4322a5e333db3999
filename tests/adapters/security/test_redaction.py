"""No secret passes the redactor: as it is, encoded, cut off, or unknown but where secrets stand."""

import copy
import html
import json
import pickle
import string
import time
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.bitmex.credentials import LoopbackKeys
from adapters.security.redaction import HIDDEN, Redactor, hiding

KEY, SECRET = "LAqUlngMIQkIUjXMUreyu3qn", "chNOOS4KvNXR_Xq4k4c9qsfoKWvnDecLATCRlcBwyKDYnWgO"
ODD = "p4/ss+w%rd&<\"'\\~=7Zq"
secrets = st.text(string.ascii_letters + string.digits + "-_/+=%&\"'\\<>", min_size=12, max_size=64).filter(
    lambda text: len(set(text)) > 6
)
around = st.text(max_size=30)


@example(secret="0002<0000001=003Q", before="", after="")
@given(secret=secrets, before=around, after=around)
def test_s03_a_secret_is_found_in_every_form_and_surrounding(secret, before, after):
    redact = Redactor([secret])
    text = before + secret + after
    raw = text.encode("utf-8", "replace")
    texts = [
        text, quote(raw, safe=""), quote_plus(raw), urlencode({"a": raw}), json.dumps(text), repr(text),
        json.dumps({"a": secret}), html.escape(text),
    ]  # fmt: skip

    for written in texts:
        cleaned = redact(written)
        for read in (cleaned, unquote(cleaned), unquote_plus(cleaned), html.unescape(cleaned)):
            assert secret not in read
    for encode, decode in [(b64encode, b64decode), (urlsafe_b64encode, urlsafe_b64decode), (bytes.hex, bytes.fromhex)]:
        encoded = encode(raw)
        cleaned = redact(encoded if isinstance(encoded, str) else encoded.decode())
        # Whoever decodes what is left, from wherever he begins, has no piece of it to speak of.
        for piece in cleaned.rstrip("=").split(HIDDEN):
            for start in range(min(4, len(piece))):
                left = piece[start:]
                found = decode(left[: len(left) // 4 * 4])
                assert not any(secret[at : at + 8].encode() in found for at in range(len(secret) - 7))


@given(secret=secrets, cut=st.integers(8, 11), before=st.sampled_from(["", "key ", "("]))
def test_s03_long_beginnings_and_ends_are_found(secret, cut, before):
    redact = hiding(secret)

    assert secret[:cut] not in redact(f"{before}{secret[:cut]}")
    assert secret[-cut:] not in redact(f"{before}{secret[-cut:]} etc")
    assert secret[:cut] not in redact(f"{secret[:cut]}?{secret[:cut]}")


def test_s03_of_a_piece_that_two_forms_begin_with_the_longer_is_hidden():
    assert hiding("0002<0000001=003Q")("303030323c30303030303031") == HIDDEN
    assert hiding("0002<0000001=003Q")("303030303030313d30303351") == HIDDEN


@pytest.mark.parametrize("length", [4, 5, 6, 7])
@pytest.mark.parametrize("dots", ["...", "..", "****", "…", "<redacted>", "[cut]"])
def test_s03_short_ends_beside_dots_are_found(length, dots):
    redact = Redactor([SECRET])

    assert SECRET[:length] not in redact(f"using {SECRET[:length]}{dots}")
    assert SECRET[-length:] not in redact(f"using {dots}{SECRET[-length:]}")


def test_words_that_happen_to_begin_like_a_secret_stay():
    redact = Redactor(["chart-of-the-whole-market-9"])

    assert redact("the chart has ended; a chart-o") == "the chart has ended; a chart-o"


@pytest.mark.parametrize(
    "text",
    [
        "api-key: {}", "API-Key={}", "'api-key': '{}'", '"api-signature": "{}"', "('api-signature', '{}')",
        "b'GET /x HTTP/1.1\\r\\napi-key: {}\\r\\nAccept: y\\r\\n'", "Authorization: Bearer {}",
        "authorization: Basic {}",
        "'Authorization': 'Token {}'", 'Authorization: Digest username="x", response="{}"', "Cookie: a=1; session={}",
        "Set-Cookie: {}; HttpOnly", "https://x.example/a?api-key={}&b=1", "/realtime?api-expires=5&api-signature={}",
        "https://user:{}@x.example/", "redis://{}@host", 'secret = "{}"', "api_secret={}", "apiKey={}", "password={}",
        '{{"op": "authKeyExpires", "args": ["k", 5, "{}"]}}', '{{\\"api-key\\": \\"{}\\"}}', "token={}", "Bearer {}",
        "{{'headers': {{'api-key': '{}', 'x': 1}}}}", "passphrase: {}", "api-key\": \"{}", "'api-key': '{}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("unknown", ["W3kqn0wnT0k3nValue", "0123456789abcdef" * 4])
def test_s03_what_stands_where_secrets_stand_is_hidden_though_nobody_knows_it(text, unknown):
    assert unknown not in Redactor()(text.format(unknown))


@pytest.mark.parametrize(
    "text",
    [
        "order 5 of XBTUSD, 100 lots at 50000.5, refused: price band",
        "the key of table order is orderID",
        "",
        "GET /api/v1/order?symbol=XBTUSD&count=100",
        "https://www.bitmex.com/api/v1/trade?count=5 answered 503",
        "a basic thing",
        "3 tokens, 2 secrets",
        "line:market closed: going away",
        "WakeAt(at=1, token=5)",
        "he said: 'no'",
    ],
)
def test_other_text_stays_as_it_is(text):
    assert Redactor([KEY, SECRET])(text) == text


def test_what_stands_around_a_secret_stays():
    redact = Redactor()

    assert redact("{'api-key': 'abc', 'symbol': 'XBTUSD'}") == "{'api-key': ***, 'symbol': 'XBTUSD'}"
    assert redact("/x?api-key=abc&symbol=XBTUSD failed") == "/x?api-key=***&symbol=XBTUSD failed"


def test_s03_keys_join_without_giving_themselves_away():
    redact = Redactor()
    redact.add(LoopbackKeys(KEY, SECRET).conceal)
    basic = b64encode(f"{KEY}:{SECRET}".encode()).decode()

    cleaned = redact(f"{KEY} {SECRET} {basic} {quote(SECRET)} {SECRET[:9]} {SECRET[-9:]}")

    for form in (KEY, SECRET, basic, basic[:20], basic[-20:], SECRET[:9], SECRET[-9:]):
        assert form not in cleaned


@pytest.mark.parametrize("secret", ["a", "abc", "abcdefg", "********", "aaaaaaaaaaaa", ODD])
def test_short_and_odd_secrets_are_hidden_too_and_end(secret):
    cleaned = hiding(secret)(f"x {secret} y {secret}{secret}")

    assert cleaned.startswith("x ***")
    assert secret in ("********", "a") or secret not in cleaned


def test_an_empty_secret_hides_nothing():
    assert Redactor([""])("text") == "text"
    assert hiding("")("text") == "text"


def test_s02_a_redactor_shows_nothing_of_what_it_knows():
    redact = Redactor([SECRET])

    assert SECRET not in repr(redact) + str(redact) + repr(getattr(redact, "__dict__", ""))
    for write in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            write(redact)


@pytest.mark.parametrize(
    "text",
    [
        "api-key: '" * 3_000, "authKeyExpires" * 3_000, "a" * 100_000, "http://" * 10_000, "secret" * 10_000,
        "\\" * 100_000, "cookie:" * 10_000, "bearer " * 10_000, "a+" * 50_000, KEY[:8] * 10_000,
    ],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_no_text_makes_it_think_for_long(text):
    began = time.process_time()
    Redactor([KEY, SECRET])(text)

    assert time.process_time() - began < 10
