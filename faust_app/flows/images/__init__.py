"""The path of an image: intake, publish, execute, settle."""
