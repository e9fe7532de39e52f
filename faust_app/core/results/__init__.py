"""What the platform is told of each image once it is true: by the topic `results` and by the feed of changes."""
