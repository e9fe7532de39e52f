"""MariaDB or MySQL: a file for each family of tables, statements and their units of work."""
