"""What the HTTP interface answers, as models: one file a subject."""
