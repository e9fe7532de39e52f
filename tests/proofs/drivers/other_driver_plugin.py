"""A plugin of pytest: every test runs with the other driver of the database."""

from devstack.other_driver import replace_driver

replace_driver()
