"""What uploads are refused with."""

from foundation.errors import BusyError, InvalidFieldError, LinliError, NotFoundError, TooLargeError


class MediaTooLargeError(TooLargeError):
    """The file has more bytes than we take."""

    code = "media_too_large"
    message = "文件太大，不能超过{megabytes}MB"


class UnsupportedMediaError(LinliError):
    """What the file holds is none of the kinds we take, whatever its name says."""

    code = "unsupported_media"
    status = 415
    message = "不支持这种文件，请上传照片（JPEG、PNG、WebP、HEIC）或语音（AMR、MP3、M4A）"


class BrokenMediaError(LinliError):
    """It begins like a photo or a voice message, but it cannot be read to its end."""

    code = "broken_media"
    status = 422
    message = "文件已损坏，请重新上传"


class TooManyPixelsError(LinliError):
    """The picture has more pixels than we unpack."""

    code = "too_many_pixels"
    status = 422
    message = "照片的像素太多，不能超过{megapixels}百万像素"


class VoiceTooLongError(LinliError):
    """The voice message lasts longer than we take."""

    code = "voice_too_long"
    status = 422
    message = "语音太长，不能超过{seconds}秒"


class MediaNotFoundError(InvalidFieldError):
    """A request names media that do not exist or that somebody else uploaded; both answer the same."""

    code = "media_not_found"
    message = "没有找到这张照片或这段语音，请重新上传"


class MediaAlreadyUsedError(InvalidFieldError):
    """A request names media that are part of something already, or names them twice."""

    code = "media_already_used"
    message = "这张照片或这段语音已经用过，请重新上传"


class MediaLinkExpiredError(NotFoundError):
    """The address was good once; whoever may see the picture gets a fresh one where they got this."""

    code = "media_link_expired"
    message = "链接已过期，请刷新后再看"


class MediaStoreBusyError(BusyError):
    """The store of objects does not answer."""

    code = "media_store_busy"
    message = "照片暂时无法读写，请稍后再试"
