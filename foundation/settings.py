"""Settings: every knob, its default, and the combinations that are refused.

Read once, in `main`, and handed down; nothing below reads the environment. A
variable is `LINLI_` + the field's name, a field of a group `LINLI_GROUP__FIELD`.
`docs/settings.md` is made from the docstrings here.
"""

import base64
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Annotated, Literal, Self, get_origin

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from foundation.addresses import host_name, http_address, redis_address, store_address
from foundation.docstrings import Described
from foundation.keys import SM4_PREFIX, UnusableKeyError, read_key

PREFIX = "LINLI_"
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


class Settings(Described, BaseSettings):
    """The whole configuration of one process."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        hide_input_in_errors=True,
    )

    environment: Literal["development", "test", "production"] = "development"
    """Which safety checks apply; production refuses stand-ins, servers of its own making and a movable clock."""
    var: Path = Path("var")
    """The folder for everything this copy writes."""
    database_url: Annotated[str | None, Field(repr=False)] = None
    """Where PostgreSQL is, a libpq address. Left out, an embedded server is started under `var`; production must
    name one."""
    redis_url: Annotated[str | None, Field(repr=False)] = None
    """Where Redis is. Left out, an embedded server is started under `var`; production must name one."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important log line that is written."""

    web: WebSettings = WebSettings()
    database: DatabaseSettings = DatabaseSettings()
    jobs: JobSettings = JobSettings()
    dispatch: DispatchSettings = DispatchSettings()
    miniprogram: MiniprogramSettings = MiniprogramSettings()
    media: MediaSettings = MediaSettings()
    vault: VaultSettings = VaultSettings()
    live: LiveSettings = LiveSettings()
    sessions: SessionSettings = SessionSettings()
    consents: ConsentSettings = ConsentSettings()
    limits: LimitSettings = LimitSettings()

    @field_validator("database_url")
    @classmethod
    def refuse_what_is_no_address(cls, value: str | None) -> str | None:
        """Say it at the start, and without the value: the driver's own words would show a password."""
        from psycopg import ProgrammingError  # noqa: PLC0415 - most commands' help needs none of it
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

        try:
            conninfo_to_dict(value or "")
        except ProgrammingError:
            msg = "write it like postgresql://user@host/linli"
            raise ValueError(msg) from None
        return value

    @field_validator("redis_url")
    @classmethod
    def refuse_what_is_no_redis(cls, value: str | None) -> str | None:
        """Say it at the start, and not as a trace of the client; an empty one is left out."""
        return redis_address(value) if value else value

    @model_validator(mode="after")
    def refuse_unknown_variables(self) -> Self:
        """Refuse a misspelt variable, which would silently mean the default."""
        known = {f"{PREFIX}{name}".upper() for name in type(self).model_fields}
        given = {key.upper().split("__")[0] for key in os.environ if key.upper().startswith(PREFIX)}
        given = {name for name in given if not name.startswith(f"{PREFIX}TEST_")}
        if unknown := sorted(given - known):
            msg = f"unknown settings: {', '.join(unknown)}"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def refuse_stand_ins_in_production(self) -> Self:
        """Fail at start, not at the first message: the AppSecret would go to whoever has the stand-in's port."""
        if self.environment == "production" and (faults := self._unfit_for_production()):
            raise ValueError("\n".join(faults))
        return self

    def _unfit_for_production(self) -> list[str]:
        """Give one sentence for each thing that only development may have, or do without."""
        left, web = self.stand_ins(), self.web
        core, wechat = DispatchSettings().base_url, MiniprogramSettings().api_base
        unfit = {
            f"still the stand-in's value, or none: {', '.join(left)}": bool(left),
            _to_set("DISPATCH__BASE_URL", "the dispatch core's Open311 address"): self.dispatch.base_url == core,
            _to_set("MINIPROGRAM__API_BASE", "https://api.weixin.qq.com"): self.miniprogram.api_base == wechat,
            _to_set("WEB__PUBLIC_URL", "the address phones and the core reach the doors under"): not web.public_url,
            _to_set("DATABASE_URL", "the address of the district's PostgreSQL"): not self.database_url,
            _to_set("REDIS_URL", "the address of the district's Redis"): not self.redis_url,
            f"{PREFIX}WEB__COME_IN_URL opens test phones and is refused in production": bool(web.come_in_url),
        }
        return [sentence for sentence, found in unfit.items() if found]

    @property
    def asks_first(self) -> bool:
        """Whether sensitive uses wait for their consent."""
        asked = self.consents.ask_first
        return self.environment == "production" if asked is None else asked

    def stand_ins(self) -> list[str]:
        """List the settings that still hold a stand-in's credential, or an empty one, which guards nothing."""
        secrets = {
            "DISPATCH__API_KEY": [self.dispatch.api_key.get_secret_value()],
            "DISPATCH__CALLBACK_KEYS": _words(self.dispatch.callback_keys),
            "MINIPROGRAM__APP_ID": [self.miniprogram.app_id],
            "MINIPROGRAM__SECRET": [self.miniprogram.secret.get_secret_value()],
            "MEDIA__SIGNING_KEY": [self.media.signing_key.get_secret_value()],
            "VAULT__KEYS": _words(self.vault.keys),
            "VAULT__INDEX_KEY": [self.vault.index_key.get_secret_value()],
        }
        return [
            f"{PREFIX}{name}"
            for name, words in secrets.items()
            if not words or any(not word or word.startswith(STAND_IN) for word in words)
        ]


def _to_set(name: str, value: str) -> str:
    return f"{PREFIX}{name} is not set: production needs {value}"


def _words(keys: dict[str, SecretStr]) -> list[str]:
    return [*keys, *(key.get_secret_value() for key in keys.values())]


class SettingsError(Exception):
    """The settings cannot be used; the text has one sentence for each fault."""


def read_settings() -> Settings:
    """Read the environment.

    Raises:
        SettingsError: with one plain sentence for each fault, and no value in it.

    """
    try:
        return Settings()
    except ValidationError as error:
        faults = [_sentence(fault["loc"], fault["msg"]) for fault in error.errors()]
        raise SettingsError("\n".join(faults)) from None
    except ValueError:
        raise SettingsError("\n".join(f"{name}: write it as JSON" for name in _unreadable())) from None


def _unreadable() -> list[str]:
    """Name the mappings, lists and whole groups in the environment that are no JSON."""
    names = []
    for name, text in os.environ.items():
        group, _, inner = name.upper().removeprefix(PREFIX).lower().partition("__")
        fields = getattr(getattr(Settings.model_fields.get(group), "annotation", None), "model_fields", {})
        if fields and (not inner or get_origin(getattr(fields.get(inner), "annotation", None)) in (dict, list)):
            try:
                json.loads(text)
            except ValueError:
                names.append(name)
    return sorted(names)


PLAIN = {"Extra inputs are not permitted": "there is no such setting"}


def _sentence(where: tuple[int | str, ...], message: str) -> str:
    message = PLAIN.get(message, message.removeprefix("Value error, "))
    if not where:
        return message
    return f"{PREFIX}{'__'.join(str(part) for part in where).upper()}: {message}"


def environment_of(settings: Settings) -> dict[str, str]:
    """Give the environment with which another process gets the same settings.

    Secrets are in it: it is for a child process or a file only its owner reads.
    """
    given = {key: value for key, value in os.environ.items() if key.upper().startswith(PREFIX)}
    given[f"{PREFIX}VAR"] = str(settings.var.absolute())
    return given
