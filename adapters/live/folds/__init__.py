"""What is shown of a live run, fold by fold: the market, the account and its actors, orders, money.

Each has `on_<message>` for what it hears, like a component, and answers nothing; `adapters.live.state` feeds them.
"""
