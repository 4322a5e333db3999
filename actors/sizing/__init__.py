"""How large a wish becomes: the sizing of an account, the volatility it looks at, the shares it comes to. No actor.

`sizing` holds the settings and the judgement (a volatility or an equity gives a scale), `volatility` measures closes as
they come, `scales` remembers which scale each symbol is at, `shares` turns signals into whole lots by it, and `marks`
values the account at the last prices. The portfolio puts them together.
"""
