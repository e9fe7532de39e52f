"""Whether the bucket grants what the product needs."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from faust_app.core.selfcheck.finding import Finding, error, ok


class Right(StrEnum):
    """What is done with objects, in the order in which it is tried."""

    PUT = "put"
    GET = "get"
    LIST = "list"
    DELETE = "delete"


_NEEDED_FOR: Final = {
    Right.PUT: ("s3:PutObject", "no image can be stored"),
    Right.GET: ("s3:GetObject", "images cannot be shown to operators, nor checked"),
    Right.LIST: ("s3:ListBucket", "the audit and `recover` cannot read the bucket"),
    Right.DELETE: ("s3:DeleteObject", "replaced and deleted images stay, and are paid for"),
}


def told_apart(refused: Mapping[Right, str]) -> dict[Right, str]:
    """Return the refusals without that of GET where it proves nothing.

    Where nothing could be written, what is read is missing, and S3 refuses to say so to a key without the right to list.
    """
    unknown = {Right.PUT, Right.LIST} <= refused.keys()
    return {right: sentence for right, sentence in refused.items() if not (unknown and right is Right.GET)}


def judge_bucket(bucket: str, refused: Mapping[Right, str]) -> list[Finding]:
    """Return one finding for each right that was refused, with the sentence of the refusal."""
    if not refused:
        return [ok("bucket", f"{bucket} takes, returns, lists and deletes objects")]
    return [_missing(bucket, right, sentence) for right, sentence in refused.items()]


def _missing(bucket: str, right: Right, sentence: str) -> Finding:
    policy, effect = _NEEDED_FOR[right]
    return error(f"bucket {bucket}", f"{right} fails: {sentence} {effect.capitalize()}", f"grant {policy} on S3_BUCKET to the access key")
