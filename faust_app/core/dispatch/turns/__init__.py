"""The queues of one share of the slots: the events of each shop, the shops that wait for a full host, and the shops in turn."""
