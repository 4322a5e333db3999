"""No input is ever code, no certificate goes unverified, no library prints secrets: held over every module."""

import gzip
import os
import pathlib
import pickle
import sqlite3
import textwrap
from contextlib import closing

import pytest

import messages
from adapters.bitmex.credentials import keys_from_file
from adapters.cli import main
from adapters.errors import InputError
from adapters.exchange.faults import load_faults
from adapters.files import load
from adapters.security.control import CONTROL_FILE, LOCK_FILE
from adapters.security.control_client import status
from adapters.security.lock import FileLock, Holder, RunLock
from adapters.security.tokens import tokens_of
from messages import codec
from tests import security_bans

ROOT = pathlib.Path(messages.__file__).parent.parent
PACKAGES = ("messages", "actors", "adapters", "examples")
MODULES = sorted([ROOT / "run.py", *(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))])
LOADS_STRATEGIES = {ROOT / "adapters" / "plugins.py", ROOT / "actors" / "__init__.py"}
"""Where modules are loaded by name: strategies of the user's choice, and our own on demand."""

EXAMPLES = {
    security_bans.runs_what_it_reads: [
        "import pickle", "from pickle import loads", "import _pickle as p", "import shelve", "import marshal",
        "import dill", "import jsonpickle", "import yaml\nyaml.load(x)", "from yaml import safe_load",
        "eval(x)", "exec(x)",
        "f = eval", "__import__(x)", "compile(x, '', 'exec')", "import builtins\nbuiltins.eval(x)",
        "numpy.load(f, allow_pickle=True)", "numpy.load(f, allow_pickle=flag)",
        "load(f, **{'allow_pickle': True})", "frame.to_pickle(p)",
        "pandas.read_pickle(p)", "import importlib\nimportlib.import_module('pickle')", "import joblib",
    ],
    security_bans.loads_modules: [
        "importlib.import_module(name)", "import_module(f'x.{y}')", "spec.loader.exec_module(m)",
        "importlib.util.spec_from_file_location('a', p)",
    ],
    security_bans.trusts_anybody: [
        "requests.get(u, verify=False)", "session.verify = False", "session.verify: bool = False",
        "s.request(u, verify=0)", "context.verify_mode = ssl.CERT_NONE", "from ssl import CERT_NONE",
        "ssl._create_unverified_context()",
        "context.check_hostname = False", "sslopt = {'cert_reqs': 0}", "sslopt = {'check_hostname': False}",
        "create_connection(u, sslopt={'cert_reqs': ssl.CERT_NONE})", "urllib3.disable_warnings()",
        "ssl.SSLContext(ssl.PROTOCOL_TLSv1)", "setattr(session, 'verify', False)", "options['verify'] = False",
        "verify = False", "dict(verify=False)", "f(verify=None)", "f(verify='')", "f(**{'verify': False})",
    ],
    security_bans.tells: [
        "websocket.enableTrace(True)", "enableTrace(traceable=True)", "enableTrace(flag)", "enableTrace()",
        "http.client.HTTPConnection.debuglevel = 1", "connection.set_debuglevel(1)", "logger.add(f)",
        "logger.add(f, diagnose=True)", "rich.traceback.install(show_locals=True)",
        "TracebackException.from_exception(e, capture_locals=True)",
    ],
    security_bans.asks_a_shell: [
        "subprocess.run(x, shell=True)", "os.system(x)", "from os import system", "os.popen(x)", "tempfile.mktemp()",
        "subprocess.getoutput(x)", "Popen(x, shell=flag)",
    ],
}  # fmt: skip
ALLOWED = {
    security_bans.runs_what_it_reads: [
        "# pickle", "'eval(x)'", "re.compile('x')", "self.eval", "numpy.load(f, allow_pickle=False)",
        "literal_eval(x)",
    ],
    security_bans.loads_modules: ["import_module('actors.routes')", "import importlib"],
    security_bans.trusts_anybody: [
        "session.verify = True", "f(verify=path)", "f(verify=True)", "context.check_hostname = True",
        "self.verified = False",
    ],
    security_bans.tells: [
        "websocket.enableTrace(traceable=False)", "enableTrace(False)", "logger.add(f, diagnose=False)", "seen.add(f)",
    ],
    security_bans.asks_a_shell: ["subprocess.run(x)", "run(x, shell=False)", "self.system(x)"],
}  # fmt: skip


def _offences(check, paths):
    return [f"{path.relative_to(ROOT)} {found}" for path in paths for found in check(path.read_text(encoding="utf-8"))]


def test_there_is_something_to_look_at():
    assert len(MODULES) > 200
    assert set(MODULES) >= LOADS_STRATEGIES


def test_s17_nothing_that_is_read_is_run():
    assert _offences(security_bans.runs_what_it_reads, MODULES) == []


def test_s17_modules_are_loaded_by_name_only_where_strategies_are():
    assert _offences(security_bans.loads_modules, [path for path in MODULES if path not in LOADS_STRATEGIES]) == []
    assert security_bans.loads_modules((ROOT / "adapters" / "plugins.py").read_text())


def test_s12_every_certificate_is_verified():
    assert _offences(security_bans.trusts_anybody, MODULES) == []


def test_s03_no_library_prints_past_the_log():
    assert _offences(security_bans.tells, MODULES) == []


def test_nobody_asks_a_shell():
    assert _offences(security_bans.asks_a_shell, MODULES) == []


@pytest.mark.parametrize(("check", "planted"), [(check, text) for check, texts in EXAMPLES.items() for text in texts])
def test_each_ban_catches_what_is_planted(check, planted):
    assert check("x = 1\n") == []
    assert check(planted)
    assert check("class A:\n    def on_bar(self, bar):\n" + textwrap.indent(planted, "        "))


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in ALLOWED.items() for text in texts])
def test_no_ban_catches_what_is_harmless(check, text):
    assert check(text) == []


# A crafted pickle, in the place of every file that is read.


class Crafted:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.fixture(params=range(6), ids=lambda protocol: f"protocol {protocol}")
def crafted(request, tmp_path):
    """(bytes, the mark that they leave when they are run)."""
    mark = tmp_path / "was-run"
    return pickle.dumps(Crafted(mark), protocol=request.param), mark


def test_the_crafted_pickle_does_run_where_somebody_unpickles_it(crafted):
    content, mark = crafted
    pickle.loads(content)

    assert mark.exists()


def _config(path):
    with pytest.raises(SystemExit) as ended:
        main(["backtest", "--config", str(path), "--out", str(path.parent / "out"), "--quiet"])
    assert ended.value.code == 2


def _data(path):
    with pytest.raises(SystemExit) as ended:
        main(["backtest", "--data", str(path), "--out", str(path.parent / "out"), "--quiet"])
    assert ended.value.code == 2


def _refused(read):
    def reads(path):
        with pytest.raises(Exception, match=path.name.partition(".")[0]):
            read(path)

    return reads


def _zipped(path):
    path.write_bytes(gzip.compress(path.read_bytes()))
    _refused(load)(path)


def _live(path):
    """In the place of what a run keeps in its folder, while it runs."""
    folder = path.parent / "folder"
    with RunLock(folder) as run, FileLock(folder / LOCK_FILE, "control", folder) as control:
        tokens_of(folder)
        for name in (CONTROL_FILE, LOCK_FILE, run.path.name):
            (folder / name).write_bytes(path.read_bytes())
            (folder / name).chmod(0o600)
        assert (run.holder(), run.is_held(), control.is_held()) == (Holder(pid=0, run_folder="", lease=0), False, False)
        with pytest.raises(InputError, match=CONTROL_FILE):
            status(folder)
    assert RunLock(folder).acquire() > 1_000
    for name in ("control.token", "status.token"):
        (folder / name).write_bytes(path.read_bytes())
        with pytest.raises(InputError, match="token"):
            tokens_of(folder)


def _codec(path):
    with pytest.raises(Exception, match=r".*"):
        codec.decode(path.read_bytes())


def _journal(path):
    pytest.importorskip("adapters.journal", reason="there is no journal yet")
    from adapters.journal.orders import read_orders  # noqa: PLC0415
    from adapters.journal.store import ORDERS_FILE  # noqa: PLC0415

    path.rename(path.with_name(ORDERS_FILE))
    with pytest.raises(Exception, match=r"."):
        list(read_orders(path.parent))


READERS = {
    "config.toml": _config, "bars.csv": _data, "bars.csv.gz": _data, "bars.parquet": _data, "zipped.csv.gz": _zipped,
    "ticks.csv": _refused(load), "keys.toml": _refused(keys_from_file), "faults.toml": _refused(load_faults),
    "run": _live, "message": _codec, "journal": _journal,
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_s17_a_crafted_pickle_is_refused_and_not_run(tmp_path, crafted, name):
    content, mark = crafted
    path = tmp_path / "given" / name
    path.parent.mkdir()
    path.write_bytes(content)
    path.chmod(0o600)

    READERS[name](path)

    assert not mark.exists()


def test_s17_a_crafted_pickle_in_a_cell_is_text(tmp_path, crafted):
    content, mark = crafted
    path = tmp_path / "bars.csv"
    path.write_bytes(b'time,open,high,low,close,volume\n"' + content.replace(b'"', b'""') + b'",1,1,1,1,1\n')

    with pytest.raises(Exception, match=r"bars\.csv"):
        load(path)
    with closing(sqlite3.connect(":memory:")) as database:
        assert database.execute("select ?", (content,)).fetchone() == (content,)
    assert not mark.exists()
