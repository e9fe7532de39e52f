"""Files that a person hands over: read as streams, in bounded memory."""
