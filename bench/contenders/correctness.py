"""Whether a contender did its work: every row that says so has its object, whole."""

import boto3

from bench.contenders.contender import Contender
from bench.installation import Installation


class MissingObjectsError(RuntimeError):
    """A contender has fewer rows or objects than images it was given."""


def refuse_missing(contender: Contender, images: int, size: int) -> None:
    """Raise MissingObjectsError unless the contender has moved so many images, each with an object of so many bytes in the bucket."""
    keys = contender.installation.texts(contender.objects)
    stored = sizes_in_bucket(contender.installation)
    missing = [key for key in keys if stored.get(key) != size]
    if len(keys) != images or missing:
        raise MissingObjectsError(f"{contender.name}: {len(keys)} rows of {images}, {len(missing)} without their object: {missing[:3]}")


def sizes_in_bucket(installation: Installation) -> dict[str, int]:
    """Return the bytes of every object in the installation's bucket, by key."""
    settings = installation.settings
    secret = settings.s3_secret_access_key
    client = boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint_url,
        aws_access_key_id=settings.s3_access_key_id,
        aws_secret_access_key=None if secret is None else secret.get_secret_value(),
        region_name=settings.s3_region,
    )
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=settings.s3_bucket)
    return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", ())}
