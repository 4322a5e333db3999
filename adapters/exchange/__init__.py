"""An exchange of one's own that speaks BitMEX: REST under `/api/v1` and a socket at `/realtime`, on one port.

    contracts -> market, order, account      what there is: contracts, books and prices, orders, balances and positions
    ticket -> trading -> clearing            a request becomes an order, meets others, and moves money
    triggers, liquidation, clockwork         what happens by itself: stops, take-overs, funding, bars, expired switches
    order_commands, position_commands        what a client may ask for
    exchange                                 the whole: who takes part, time and prices going on
    tables, publisher                        what changed, as the rows of BitMEX's tables
    rest, conversation                       one request, one socket: text in, text out
    crowd, replayed                          who else trades there: generated participants, or a file
    server, client, command                  the only modules that touch the network and the clock

Everything above the last line is told the time and draws from a seeded generator: equal inputs give equal bytes.
"""
