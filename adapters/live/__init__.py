"""`run.py live`: the program around the actors that trade. `plan`: what is traded; `assembly`: the wiring."""
