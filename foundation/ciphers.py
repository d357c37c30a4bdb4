"""What is done with a key: sealing with AES-256-GCM or SM4-GCM, and the keyed hashes of look-ups."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from foundation.keys import Algorithm, IndexHash, Key

NONCE_BYTES = 12
TAG_BYTES = 16


def encrypt(key: Key, nonce: bytes, plain: bytes, authenticated: bytes) -> bytes:
    """Give the ciphertext with its tag of 16 bytes."""
    if key.algorithm is Algorithm.AES_256_GCM:
        return AESGCM(key.secret).encrypt(nonce, plain, authenticated)
    made = Cipher(algorithms.SM4(key.secret), modes.GCM(nonce)).encryptor()
    made.authenticate_additional_data(authenticated)
    return made.update(plain) + made.finalize() + made.tag


def decrypt(key: Key, nonce: bytes, ciphertext: bytes, authenticated: bytes) -> bytes:
    """Give what was sealed.

    Raises:
        InvalidTag: it was changed, or what was authenticated with it is another.
        ValueError: it is too short to have been made by `encrypt`.

    """
    if key.algorithm is Algorithm.AES_256_GCM:
        return AESGCM(key.secret).decrypt(nonce, ciphertext, authenticated)
    if len(ciphertext) < TAG_BYTES or len(nonce) != NONCE_BYTES:
        raise InvalidTag
    plain, tag = ciphertext[:-TAG_BYTES], ciphertext[-TAG_BYTES:]
    made = Cipher(algorithms.SM4(key.secret), modes.GCM(nonce, tag)).decryptor()
    made.authenticate_additional_data(authenticated)
    return made.update(plain) + made.finalize()


def keyed_hash(index_hash: IndexHash, key: bytes, message: bytes) -> bytes:
    """Give 32 bytes by which equal messages are found."""
    made = hmac.HMAC(key, hashes.SM3() if index_hash is IndexHash.SM3 else hashes.SHA256())
    made.update(message)
    return made.finalize()
