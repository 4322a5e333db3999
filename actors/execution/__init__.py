"""How an account's wishes become orders: share rules, planning, algorithms, working orders. No actor lives here.

`rules` says how a strategy's wish is scaled and executed. `desk` remembers a symbol, `working` an order until its end
is known, `states` which states may follow which. `plan` compares what is wanted with what is held and working; `units`
asks the `algorithms` how what is free is to be sent; `dealing` carries both out, with `orders_out` for what is said of
each order, `maker` for ids and money, and `attempts` for the time until something is tried again. `order_events` and
`own_orders` are the executor's handlers for what became of orders and for what strategies place themselves. `once` lets
a thing that is heard twice count once, and `heritage` is what an executor leaves to its next incarnation.
"""
