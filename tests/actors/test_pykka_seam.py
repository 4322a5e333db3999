"""The canary for Pykka's private names: when one of them goes or changes, this fails, and only the seam follows."""

import ast
import inspect
import pathlib
import threading

import pykka
import pykka._actor
import pykka._envelope
import pytest

from actors.runtime.pykka_seam import TOUCHED, Inbox, ManualShell, ThreadShell

SEAM = pathlib.Path(inspect.getsourcefile(ThreadShell))


def _parameters(function):
    return list(inspect.signature(function).parameters)


def test_every_private_name_that_is_touched_exists():
    for name in TOUCHED:
        assert hasattr(pykka.Actor, name) or name in pykka.Actor.__annotations__, name


def test_the_seams_source_touches_no_private_name_of_pykka_that_it_does_not_list():
    private = {
        node.attr if isinstance(node, ast.Attribute) else node.name
        for node in ast.walk(ast.parse(SEAM.read_text()))
        if isinstance(node, ast.Attribute | ast.FunctionDef)
    }
    theirs = {name for name in dir(pykka.ThreadingActor) if name.startswith("_") and not name.startswith("__")}

    assert private & theirs <= set(TOUCHED)


def test_the_hooks_take_what_the_seam_gives_them():
    assert _parameters(pykka.Actor._start_actor_loop) == ["self"]
    assert _parameters(pykka.Actor._actor_loop) == ["self"]
    for name in ("_create_actor_inbox", "_create_future"):
        assert isinstance(inspect.getattr_static(pykka.ThreadingActor, name), staticmethod)
        assert _parameters(getattr(pykka.ThreadingActor, name)) == []


def test_the_loop_is_still_the_one_the_seam_was_written_for():
    """Setup calls on_start; running takes `message` off the inbox until `actor_stopped`; teardown drains it."""
    assert "self.on_start()" in inspect.getsource(pykka.Actor._actor_loop_setup)
    running = inspect.getsource(pykka.Actor._actor_loop_running)
    assert "while not self.actor_stopped.is_set()" in running
    assert "self.actor_inbox.get()" in running
    assert "self._handle_receive(envelope.message)" in running
    assert "while not self.actor_inbox.empty()" in inspect.getsource(pykka.Actor._actor_loop_teardown)
    assert "return self.on_receive(message)" in inspect.getsource(pykka.Actor._handle_receive)
    assert "self.actor_stopped = threading.Event()" in inspect.getsource(pykka.Actor.__init__)
    assert "ActorRegistry.register(" not in inspect.getsource(pykka.Actor.__init__)


def test_an_envelope_is_a_message_and_somebody_to_reply_to():
    assert _parameters(pykka._envelope.Envelope.__init__) == ["self", "message", "reply_to"]
    envelope = pykka._envelope.Envelope("hello")
    assert (envelope.message, envelope.reply_to) == ("hello", None)
    assert set(vars(pykka._actor.ActorInbox)) >= {"put", "get", "empty"}


def test_the_loop_reads_the_foreign_mailbox_and_ends_without_draining_it():
    items, heard, threads = iter(["one", "two", None]), [], []

    class Shell(ThreadShell):
        def on_start(self):
            threads.append(threading.current_thread())

        def on_receive(self, message):
            heard.append(message)
            if message is None:
                self.finish()

    shell = Shell()
    shell.launch(lambda: next(items), name="somebody#1", daemon=True)
    shell.thread.join(10)

    assert heard == ["one", "two", None]
    assert not shell.thread.is_alive()
    assert threads == [shell.thread]
    assert (shell.thread.name, shell.thread.daemon) == ("somebody#1", True)
    assert pykka.ActorRegistry.get_all() == []


def test_nobody_can_put_past_the_mailbox_through_a_ref():
    class Shell(ThreadShell):
        pass

    for shell in (Shell(), type("Manual", (ManualShell,), {})()):
        with pytest.raises((RuntimeError, pykka.ActorDeadError)):
            shell.actor_ref.tell("hello")
        with pytest.raises(RuntimeError, match="not asked"):
            shell.actor_ref.ask("hello", timeout=1)
    with pytest.raises(RuntimeError, match="to an address"):
        Inbox(lambda: None).put(None)


def test_a_manual_shell_has_no_thread():
    started = []

    class Shell(ManualShell):
        def on_start(self):
            started.append(threading.current_thread())

    Shell().launch()

    assert started == [threading.current_thread()]


def test_a_thread_that_cannot_be_had_leaves_nothing_behind(monkeypatch):
    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    class Shell(ThreadShell):
        pass

    shell = Shell()
    monkeypatch.setattr(threading.Thread, "start", refuse)

    with pytest.raises(RuntimeError, match="can't start"):
        shell.launch(lambda: None, name="somebody#1", daemon=True)

    assert shell.thread is None
    assert pykka.ActorRegistry.get_all() == []
