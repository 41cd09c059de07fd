"""The embedded server: a real PostgreSQL under our own launcher.

`attach` is the way in for every command. The first one starts a keeper, a small process that is PostgreSQL's
parent; the keeper leaves when nobody uses the server any more. Why embedded at all: `docs/decisions/0002`.
"""
