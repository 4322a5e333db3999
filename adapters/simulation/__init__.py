"""A simulated world around the real trading system: one seed, one thread, one virtual clock.

Real are the adapter's codec, session and gateway, the order journal and trace, supervisor, portfolio, executor, guard,
strategies, and the exchange with its books, whose truth is the judge. Simulated are clock, network, disk and death.

    scenario.py       from a seed to what a run is: strategies, faults, how long
    simulate.py       one run: faults, then quiet, then the judge's verdict
    world.py          true time, and what happens next
    local_clock.py    what the machine's clock makes of it
    process.py        one life of the trading process after another
    wires.py          the actors at the network's edge
    network.py        the way of a request and of a frame
    trip.py           a request on its way
    exchange_side.py  the exchange, its crowd and its sockets
    disk.py           files, and the moments at which they are written
    traders.py        strategies that give the system something to do
    faults/           what goes wrong, by the seam where it does
    checks/           what must hold, in words that import nothing of what they judge
"""
