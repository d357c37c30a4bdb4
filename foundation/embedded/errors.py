"""The errors of this package."""


class EmbeddedServerError(Exception):
    """An embedded server cannot be had; the sentence says why and what to do."""


class RemainsError(EmbeddedServerError):
    """An earlier server has not ended yet; a moment later it may have."""
