"""The simulated venue, by question: `floor` is what an account has there, `book` one symbol, `purse` one currency,
`position` what is held, `resting` an order and `states` its life; `arrival` judges orders, `matching`, `trailing` and
`exits` say what a price makes of them, `showing` in which order, `dealing` what then becomes of them, `closing` what is
closed unasked, `takeover` what a successor does first. `order_book` is a book of many participants, for exchanges.
"""
