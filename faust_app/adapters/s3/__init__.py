"""Object storage over S3."""
