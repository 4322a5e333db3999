"""How an account's wishes become orders: share rules, planning, working orders. No actor, no message is sent from here.

`rules` says how a strategy's wish is scaled, `plan` compares what is wanted with what is held and working, `working`
remembers each order until its end is known, `algorithms` cuts what is wanted into orders, and `once` lets a thing that
is heard twice count once.
"""
