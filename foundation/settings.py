"""Settings: every knob, its default, and the combinations that are refused.

Read once, in `main`, and handed down; nothing below reads the environment. A
variable is `LINLI_` + the field's name, a field of a group `LINLI_GROUP__FIELD`.
`docs/settings.md` is made from the docstrings here.
"""

import json
import os
from pathlib import Path
from typing import Annotated, Literal, Self, get_origin

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from foundation.addresses import redis_address
from foundation.docstrings import Described
from foundation.setting_groups import (
    STAND_IN,
    ConsentSettings,
    DatabaseSettings,
    DispatchSettings,
    Group,
    JobSettings,
    LimitSettings,
    LiveSettings,
    MediaSettings,
    MiniprogramSettings,
    SessionSettings,
    VaultSettings,
    WebSettings,
)

__all__ = [
    "PREFIX",
    "ConsentSettings",
    "DatabaseSettings",
    "DispatchSettings",
    "Group",
    "JobSettings",
    "LimitSettings",
    "LiveSettings",
    "MediaSettings",
    "MiniprogramSettings",
    "SessionSettings",
    "Settings",
    "SettingsError",
    "VaultSettings",
    "WebSettings",
    "environment_of",
    "read_settings",
]

PREFIX = "LINLI_"


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
