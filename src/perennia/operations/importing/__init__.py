"""Taking over a business from files: catalogue, customers and subscriptions, whole or not at all.

`docs/import-format.md` describes the files. They are checked completely, in one streaming pass, before
anything is written; references are looked up in the database, so memory does not grow with the files.
"""
