"""Translates the errors that storage answers into failures: an outage, or a setting that it refuses."""

from typing import Final

from faust_app.core.failure import Dependency, Misconfigured, Unavailable

_KEYS: Final = "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY"
_REFUSED: Final = {
    "InvalidAccessKeyId": ("it does not know the access key", _KEYS),
    "SignatureDoesNotMatch": ("the secret does not fit the key", _KEYS),
    "AuthorizationHeaderMalformed": ("it expects another region", "S3_REGION"),
    "PermanentRedirect": ("the bucket is in another region", "S3_REGION"),
    "NoSuchBucket": ("there is no such bucket", "S3_BUCKET, or run `shop-images setup`"),
}
"""The S3 error codes that no retry clears, each with its meaning and the setting to change."""


class Refused(Unavailable):
    """Storage answered an operation with an error that none of our settings explains."""


def refused(operation: str, code: str) -> Refused:
    """Return the failure for an error code that no setting explains."""
    return Refused(Dependency.STORAGE, f"Storage answered {operation} with {code}.")


def answered(operation: str, code: str) -> Unavailable:
    """Return the failure that an S3 error code stands for."""
    if code in _REFUSED:
        sentence, setting = _REFUSED[code]
        return Misconfigured(Dependency.STORAGE, f"Storage answered {operation} with {code}: {sentence}.", setting=setting)
    return refused(operation, code)


def without_credentials(operation: str) -> Misconfigured:
    """Return the failure for requests that have neither keys nor a role."""
    setting = f"{_KEYS}, or the role of this machine"
    return Misconfigured(Dependency.STORAGE, f"There are no credentials for {operation}.", setting=setting)
