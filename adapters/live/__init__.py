"""`run.py live`: the program around the actors that trade at a venue."""
