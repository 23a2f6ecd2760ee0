"""The three kinds of patches: JSON patch, JSON merge patch, and Kubernetes' strategic merge patch."""


class PatchError(ValueError):
    """The patch cannot be applied: the message is upstream's, `code` the HTTP status upstream answers with."""

    def __init__(self, message: str, *, code: int = 400) -> None:
        super().__init__(message)
        self.code = code
