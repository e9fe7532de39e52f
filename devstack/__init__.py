"""The development stack: the real servers that shop-images works with, for development and tests.

Apache Kafka, MariaDB, SeaweedFS and Valkey run as ordinary processes of the user, without root and without
containers, and so does a small server of generated pictures that plays the shops' image source. They write only
below one folder. `Stack` is the Python interface; `python -m devstack` the command.
"""
