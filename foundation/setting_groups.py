"""The groups of settings, each for one piece of the ground or one outside system; `settings.py` puts them together."""

import base64
import hashlib
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

from foundation.addresses import host_name, http_address, store_address
from foundation.docstrings import Described
from foundation.keys import SM4_PREFIX, UnusableKeyError, read_key

STAND_IN = "sandbox-"
RATE = re.compile(r"[1-9]\d*/[1-9]\d*s", re.ASCII)
HttpAddress = Annotated[str, AfterValidator(http_address)]


def _stand_in_key(name: str) -> str:
    """Give a fixed 32-byte key for development; production refuses its key id."""
    return base64.b64encode(hashlib.sha256(f"{STAND_IN}{name}".encode()).digest()).decode()


class Group(Described):
    """A group of settings; a misspelt name inside it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class WebSettings(Group):
    """Where the doors listen and what they tell of themselves."""

    host: Annotated[str, AfterValidator(host_name)] = "127.0.0.1"
    """The address to listen on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8311
    """The port to listen on; 0 takes a free one."""
    public_url: HttpAddress | None = None
    """The address under which people and the dispatch core reach the doors; left out, host and port. Production
    must name it."""
    come_in_url: HttpAddress | None = None
    """Where a browser tab without a ticket may choose a test phone; never in production."""
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = 0
    """How many proxies in front add to X-Forwarded-For; 0 believes only the socket."""
    drain_seconds: Annotated[float, Field(gt=0, le=120)] = 20.0
    """How long requests and jobs under way may take after SIGTERM."""
    reader_seconds: Annotated[float, Field(ge=1, le=600)] = 30.0
    """How long a client may take nothing of its answer before its line is cut."""


class DatabaseSettings(Group):
    """How the pool to PostgreSQL behaves."""

    pool: Annotated[int, Field(ge=2, le=200)] = 12
    """Connections of one process."""
    wait_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    """How long a request waits for a free connection before it is told to come again."""
    statement_seconds: Annotated[float, Field(gt=0, le=600)] = 15.0
    """The longest a single statement may run."""
    lock_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    """The longest a statement waits for a lock."""


class JobSettings(Group):
    """How later work is done."""

    concurrency: Annotated[int, Field(ge=1, le=100)] = 12
    """Jobs of one worker at the same time."""
    first_retry_seconds: Annotated[float, Field(gt=0, le=600)] = 5.0
    """The wait after the first failure; it doubles from there, with jitter. Tests and the demo shorten it."""
    longest_retry_seconds: Annotated[float, Field(gt=0, le=86400)] = 1800.0
    """The longest wait between two tries."""
    dead_after_seconds: Annotated[float, Field(ge=1, le=600)] = 30.0
    """After so long without a sign of life a worker counts as dead, and others do its jobs."""


class DispatchSettings(Group):
    """The district's dispatch core (分拨平台), spoken to in Open311."""

    base_url: HttpAddress = "http://127.0.0.1:8312/open311/v2"
    """The core's Open311 base address; the default is the stand-in's."""
    api_key: SecretStr = SecretStr("sandbox-open311-key")
    """The key the core gave us; values that begin with `sandbox-` mean the stand-in."""
    jurisdiction: str = ""
    """The core's jurisdiction_id, if it serves several."""
    callback_keys: dict[str, SecretStr] = Field(
        default_factory=lambda: {"sandbox-1": SecretStr("sandbox-callback-secret")}
    )
    """Key id → secret of the core's signed callbacks, as a JSON object; two at a time while one is replaced."""
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0
    """The longest one call to the core may take."""
    give_up_hours: Annotated[float, Field(gt=0, le=720)] = 72.0
    """After this long a message that cannot be passed on is parked and an alarm raised."""
    reconcile_minutes: Annotated[float, Field(gt=0, le=1440)] = 10.0
    """How often open complaints are compared with the core."""
    picture_hosts: list[str] = []
    """Hosts beside the core's own that units' photos may be fetched from, as a JSON list."""
    breaker_failures: Annotated[int, Field(ge=1, le=1000)] = 5
    """Failures in a row after which the core is left alone for a while."""
    breaker_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """How long it is left alone."""


class MiniprogramSettings(Group):
    """The mini-program's account with WeChat."""

    app_id: str = "sandbox-wx-app"
    """The mini-program's AppID; values that begin with `sandbox-` mean the stand-in."""
    secret: SecretStr = SecretStr("sandbox-wx-secret")
    """The mini-program's AppSecret."""
    api_base: HttpAddress = "http://127.0.0.1:8313"
    """The base address of WeChat's interface, `https://api.weixin.qq.com`; the default is the stand-in's."""


class MediaSettings(Group):
    """Photos and voice."""

    store_url: Annotated[str, AfterValidator(store_address)] = "file:"
    """Where objects are kept: `file:` is a folder under `var`, `file:///srv/linli` another one, and
    `s3://bucket/prefix` any S3."""
    max_bytes: Annotated[int, Field(ge=1024)] = 10 * 1024 * 1024
    """The largest file taken."""
    max_pixels: Annotated[int, Field(ge=10_000)] = 50_000_000
    """The largest picture taken."""
    url_seconds: Annotated[int, Field(ge=60, le=86400)] = 900
    """How long a signed address of a picture is good at least."""
    signing_key: SecretStr = SecretStr("sandbox-media-signing-key")
    """The key that signs addresses of pictures."""


class VaultSettings(Group):
    """The keys personal data are sealed with."""

    keys: dict[str, SecretStr] = Field(default_factory=lambda: {"sandbox-1": SecretStr(_stand_in_key("vault"))})
    """Key id → key, as a JSON object: 32 bytes in base64 for AES-256-GCM, or `sm4:` and 16 bytes in base64 for
    SM4-GCM. Old keys stay until `linli vault rotate` has run."""
    current: str = "sandbox-1"
    """The key id new values are sealed with."""
    index_key: SecretStr = SecretStr("sandbox-index-key")
    """The key of the look-up hashes; after replacing it, run `linli vault reindex`."""
    index_hash: Literal["sha256", "sm3"] = "sha256"
    """The hash of the look-ups; after changing it, run `linli vault reindex`."""
    national: bool = False
    """Whether 国密 is demanded: then the current key must be one for SM4 and the look-ups use SM3, or nothing starts."""

    @field_validator("keys")
    @classmethod
    def refuse_unusable_keys(cls, keys: dict[str, SecretStr]) -> dict[str, SecretStr]:
        """Refuse a key of a wrong length, which would fail at the first phone number."""
        for key_id, key in keys.items():
            try:
                read_key(key.get_secret_value())
            except UnusableKeyError as error:
                msg = f"the key {key_id!r} {error}"
                raise ValueError(msg) from None
        return keys

    @model_validator(mode="after")
    def refuse_a_missing_current_key(self) -> Self:
        """Refuse a current key that is not among the keys."""
        if self.current not in self.keys:
            msg = f"current names the key {self.current!r}, which is not among the keys"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def refuse_foreign_algorithms(self) -> Self:
        """Refuse to seal with anything but SM4, or to look up by anything but SM3, where 国密 is demanded."""
        if self.national and not self.keys[self.current].get_secret_value().startswith(SM4_PREFIX):
            msg = "national asks for a current key for SM4, written sm4: and 16 bytes in base64"
            raise ValueError(msg)
        if self.national and self.index_hash != "sm3":
            msg = "national asks for the index_hash sm3"
            raise ValueError(msg)
        return self


class LiveSettings(Group):
    """How many live sockets are held open."""

    sockets: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Sockets of one process; the next is told to come again (503), so that a balancer sends it to another."""
    sockets_per_person: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Sockets of one person on one process."""


class SessionSettings(Group):
    """How long people stay signed in."""

    days: Annotated[int, Field(ge=1, le=365)] = 30
    """How long a token is good after its last use."""
    ticket_seconds: Annotated[int, Field(ge=10, le=3600)] = 120
    """How long a one-time ticket for a page or a socket is good."""


class ConsentSettings(Group):
    """What people are asked before their data are used."""

    ask_first: bool | None = None
    """Whether an exact location, a voice message and a door number are refused until their own consent was given;
    left out, in production. What was taken back is refused always."""


class LimitSettings(Group):
    """How often one person may do a thing, as `times/seconds s`; empty means as often as wanted."""

    sessions: str = "60/60s"
    """Sign-ins from one address."""
    filing: str = "20/3600s"
    """Complaints of one resident."""
    media: str = "120/3600s"
    """Uploads of one resident."""
    writing: str = "120/60s"
    """Other changes by one person."""
    reading: str = "1200/60s"
    """Reads by one person."""
    export: str = "20/3600s"
    """How often one person may take everything along."""

    @field_validator("*")
    @classmethod
    def refuse_nonsense(cls, value: str) -> str:
        """Say what a limit looks like."""
        if value and not RATE.fullmatch(value):
            msg = "a limit is written like 20/60s"
            raise ValueError(msg)
        return value
