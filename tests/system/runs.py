"""Ways to run a system that several tests need."""


def on_threads(system):
    """The result of a run on threads."""
    # Not faster, for orders have to meet the market while it is there, on a busy machine too.
    system.start(speed=10_000)
    try:
        assert system.wait_until_idle(60), system.status()
    finally:
        assert system.stop() == ()
    return system.result()


def overheard(system):
    """(the result of a replay, all that its actors said, in that order)."""
    runtime = system.make_replay()
    said, say = [], runtime.answered

    def answered(host, cause, answers):
        answers = tuple(answers)
        said.extend(answers)
        say(host, cause, answers)

    runtime.answered = answered
    runtime.run()
    return system.result(), said
