"""WeChat's published vectors: what wechatpy decrypts and signs for us is what WeChat meant."""

import hashlib

import pytest
from wechatpy.crypto import WeChatWxaCrypto
from wechatpy.enterprise.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.utils import WeChatSigner, check_signature

TOKEN, KEY, CORP_ID = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7"
ECHO = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
MESSAGE = (
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvu"
    "JTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwG"
    "c2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9"
    "EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0"
    "lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
)
USER = (
    "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4l"
    "GOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInN"
    "lxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/"
    "r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7Xjf"
    "hQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew=="
)


def signature(*parts: str) -> str:
    signer = WeChatSigner()
    signer.add_data(*parts)
    return str(signer.signature)


def test_the_address_check_of_wecom_is_answered() -> None:
    said = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"

    assert signature(TOKEN, "1409659589", "263014780", ECHO) == said
    plain = WeChatCrypto(TOKEN, KEY, CORP_ID).check_signature(said, "1409659589", "263014780", ECHO)
    assert plain == "1616140317555161061"


def test_a_message_of_wecom_with_a_padding_of_thirty_bytes_is_read() -> None:
    said = "477715d11cdb4164915debcba66cb864d751f3e6"
    envelope = f"<xml><Encrypt><![CDATA[{MESSAGE}]]></Encrypt></xml>"

    plain = WeChatCrypto(TOKEN, KEY, CORP_ID).decrypt_message(envelope, said, "1409659813", "1372623149")

    text = plain if isinstance(plain, bytes) else plain.encode()
    assert (len(text), hashlib.sha1(text).hexdigest()) == (  # noqa: S324 - the published sum
        284,
        "0ab70bcc8f5fc4985f83099cca7a77f18651b442",
    )
    assert b"<Content><![CDATA[hello]]></Content>" in text


def test_a_message_with_another_signature_is_refused() -> None:
    envelope = f"<xml><Encrypt><![CDATA[{MESSAGE}]]></Encrypt></xml>"

    with pytest.raises(InvalidSignatureException):
        WeChatCrypto(TOKEN, KEY, CORP_ID).decrypt_message(envelope, "0" * 40, "1409659813", "1372623149")


def test_user_data_of_the_mini_program_are_read() -> None:
    crypto = WeChatWxaCrypto("tiihtNczf5v6AKRyjwEUhQ==", "r7BXXKkLb8qrSNn05n0qiA==", "wx4f4bc4dec97d474b")

    user = crypto.decrypt_message(USER)

    assert (user["openId"], user["unionId"], user["nickName"], user["watermark"]["timestamp"]) == (
        "oGZUI0egBJY1zhBYw2KhdUfwVJJE",
        "ocMvos6NjeKLIBqg5Mr9QjxrP1FA",
        "Band",
        1477314187,
    )


def test_the_plain_signature_is_checked() -> None:
    said = "aa34744fa8e906154e10ae63ac3c59975bad5acd"

    check_signature("tok", said, "1700000000", "n")
    with pytest.raises(InvalidSignatureException):
        check_signature("tok", said, "1700000001", "n")
