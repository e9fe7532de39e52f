"""The operator's pages: a frame, and one file a page. Each reads through ports and flows, and decides nothing of its own."""
