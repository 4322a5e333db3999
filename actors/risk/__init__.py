"""What the risk guard judges with, and no actor: `limits` are data, `scopes` and `rate` what they count, `exposure` and
`approved` what orders on their way may still do, `judgement` a pure function of all that, `gate` where it is asked,
`daily_loss` a day's account, `states` what may pass, `heritage` what a successor is left.
"""
