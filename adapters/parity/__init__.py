"""A live run against its backtest: the run's market, as it was recorded, through the same actors, decision by decision.

reading   what a life heard and decided, from its trace
recorded  what was recorded of its market, from the store, and whether it is what was heard
rerun     the life again, in the replay's one thread
story     what either of them came to
comparing, fills    the two side by side, with causes
judging   all of it, of one life; page says it in words
"""
