"""The shops' sources: which addresses are permitted, what an answer means, which hosts are left alone."""
