"""The command line: each command a function over assembled parts; `__main__` reads the words and hands the parts over."""
