"""Every transition of a row, decided on the row as it is under its lock, with the database's clock as an argument.

Each names its guard: the statement of `adapters.mariadb` that writes it, and on what condition, so that a decision which the
row has outrun changes nothing. docs/state-machine.md draws them.
"""
