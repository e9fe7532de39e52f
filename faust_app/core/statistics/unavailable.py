"""What the statistics can do without for a while; no image waits for it."""


class StoreUnavailable(Exception):  # noqa: N818 - the word of `core.failure`
    """The statistics store does not answer, or not as it should; figures are counted from the history meanwhile."""


class CacheUnavailable(Exception):  # noqa: N818 - as above
    """The cache does not answer in time; whatever it holds can be read from its source."""


class CacheMisconfigured(CacheUnavailable):
    """The cache refuses what our settings say; `setting` names which. It stays so until a person changes one of them."""

    def __init__(self, sentence: str, *, setting: str) -> None:
        super().__init__(sentence)
        self.setting = setting
