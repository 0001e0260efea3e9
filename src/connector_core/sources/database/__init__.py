"""Databases of practice software: engines that read them, passes that make extracts of them, what became of a schema.

Nothing here ever writes to a database. What is asked of it is made of names of tables and columns that the database
itself has given, each quoted by its own rules, and of nothing else.
"""
