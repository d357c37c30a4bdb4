"""What of the environment is taken, what is refused and with which words, and that no secret shows anywhere."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from foundation.settings import DispatchSettings, Settings, SettingsError, VaultSettings, environment_of, read_settings

SECRET = "geheim-8f3a1c77"  # noqa: S105 - to be looked for
KEY = b64encode(b"geheim-8f3a1c77".ljust(32)).decode()
PRODUCTION = {
    "LINLI_ENVIRONMENT": "production",
    "LINLI_DATABASE_URL": f"postgresql://linli:{SECRET}@db/linli",
    "LINLI_REDIS_URL": f"redis://:{SECRET}@redis:6379/0",
    "LINLI_WEB__PUBLIC_URL": "https://linli.example",
    "LINLI_DISPATCH__BASE_URL": "https://core.example/open311/v2",
    "LINLI_MINIPROGRAM__API_BASE": "https://api.weixin.qq.com",
    "LINLI_DISPATCH__API_KEY": SECRET,
    "LINLI_DISPATCH__CALLBACK_KEYS": json.dumps({"core-1": SECRET, "core-2": SECRET}),
    "LINLI_MINIPROGRAM__APP_ID": "wx0123456789abcdef",
    "LINLI_MINIPROGRAM__SECRET": SECRET,
    "LINLI_MEDIA__SIGNING_KEY": SECRET,
    "LINLI_VAULT__KEYS": json.dumps({"2026": KEY}),
    "LINLI_VAULT__CURRENT": "2026",
    "LINLI_VAULT__INDEX_KEY": SECRET,
}
HTTP = "write it like https://host or http://host:8080/path"
STORE = "write it like file:, file:///srv/linli or s3://bucket/prefix"
REDIS = "write it like redis://host:6379/0 or unix:///run/redis.sock"
Given = Callable[..., None]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Given:
    """Give the environment these settings and no others."""
    for name in list(os.environ):
        if name.upper().startswith("LINLI_") and not name.startswith("LINLI_TEST_"):
            monkeypatch.delenv(name)

    def give(settings: dict[str, str]) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)

    return give


def refusal(settings: dict[str, str], given: Given) -> list[str]:
    given(settings)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    return str(refused.value).splitlines()


def test_without_any_variable_it_is_a_development_copy_on_stand_ins(given: Given) -> None:
    given({})

    settings = read_settings()

    assert (settings.environment, settings.web.port, settings.database_url) == ("development", 8311, None)
    assert len(settings.stand_ins()) == 7


@pytest.mark.parametrize("name", ["LINLI_DISPACTH__API_KEY", "LINLI_DATABSE_URL", "LINLI_", "linli_dispacth__api_key"])
def test_a_misspelt_variable_is_named(name: str, given: Given) -> None:
    assert refusal({name: SECRET}, given) == [f"unknown settings: {name.upper().split('__')[0]}"]


def test_a_misspelt_variable_inside_a_group_is_named(given: Given) -> None:
    assert refusal({"LINLI_WEB__PROT": SECRET}, given) == ["LINLI_WEB__PROT: there is no such setting"]


def test_variables_of_test_runs_are_let_pass(given: Given) -> None:
    given({"LINLI_TEST_DATABASE_URL": "postgresql://postgres@/linli"})

    assert read_settings().database_url is None


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("LINLI_ENVIRONMENT", "prod", "Input should be 'development', 'test' or 'production'"),
        ("LINLI_LOG_LEVEL", "loud", "Input should be 'debug', 'info', 'warning' or 'error'"),
        ("LINLI_WEB__PORT", "70000", "Input should be less than or equal to 65535"),
        ("LINLI_WEB__PORT", SECRET, "Input should be a valid integer, unable to parse string as an integer"),
        ("LINLI_WEB__DRAIN_SECONDS", "nan", "Input should be less than or equal to 120"),
        ("LINLI_WEB__DRAIN_SECONDS", "0", "Input should be greater than 0"),
        ("LINLI_DATABASE__POOL", "1", "Input should be greater than or equal to 2"),
        ("LINLI_JOBS__DEAD_AFTER_SECONDS", "0.5", "Input should be greater than or equal to 1"),
        ("LINLI_LIMITS__FILING", "often", "a limit is written like 20/60s"),
        ("LINLI_LIMITS__FILING", "0/60s", "a limit is written like 20/60s"),
        ("LINLI_LIMITS__FILING", "5/0s", "a limit is written like 20/60s"),
        ("LINLI_LIMITS__FILING", "\uff15/60s", "a limit is written like 20/60s"),
        ("LINLI_DATABASE_URL", f"{SECRET} {SECRET}", "write it like postgresql://user@host/linli"),
        ("LINLI_DATABASE_URL", f"postgres:{SECRET}@db", "write it like postgresql://user@host/linli"),
        ("LINLI_REDIS_URL", f"{SECRET}@redis", REDIS),
        ("LINLI_REDIS_URL", "redis://", REDIS),
        ("LINLI_REDIS_URL", f"redis://:{SECRET}@/0", REDIS),
        ("LINLI_REDIS_URL", f"redis://redis:{SECRET}/0", REDIS),
        ("LINLI_REDIS_URL", f"redis://redis/{SECRET}", REDIS),
        ("LINLI_REDIS_URL", "unix://", REDIS),
        ("LINLI_DISPATCH__BASE_URL", "banana", HTTP),
        ("LINLI_DISPATCH__BASE_URL", f"https://linli:{SECRET}@core/v2", HTTP),
        ("LINLI_DISPATCH__BASE_URL", "https://core:99999/v2", HTTP),
        ("LINLI_MINIPROGRAM__API_BASE", "", HTTP),
        ("LINLI_MINIPROGRAM__API_BASE", "https://", HTTP),
        ("LINLI_WEB__PUBLIC_URL", "not an url", HTTP),
        ("LINLI_WEB__PUBLIC_URL", "ftp://linli.example", HTTP),
        ("LINLI_WEB__PUBLIC_URL", "https://linli.example?x=1", HTTP),
        ("LINLI_WEB__COME_IN_URL", "/phones", HTTP),
        ("LINLI_WEB__HOST", "", "write it like 127.0.0.1, or 0.0.0.0 for every network"),
        ("LINLI_WEB__HOST", "http://127.0.0.1", "write it like 127.0.0.1, or 0.0.0.0 for every network"),
        ("LINLI_MEDIA__STORE_URL", "nonsense", STORE),
        ("LINLI_MEDIA__STORE_URL", "file://srv/linli", STORE),
        ("LINLI_MEDIA__STORE_URL", "ftp://photos", STORE),
        ("LINLI_MEDIA__STORE_URL", "s3://", STORE),
        ("LINLI_DISPATCH__CALLBACK_KEYS", f'{{"core-1": "{SECRET}"', "write it as JSON"),
        ("LINLI_DISPATCH__PICTURE_HOSTS", SECRET, "write it as JSON"),
        ("LINLI_DISPATCH", SECRET, "write it as JSON"),
        ("LINLI_DISPATCH__CALLBACK_KEYS", f'["{SECRET}"]', "Input should be a valid dictionary"),
        ("LINLI_VAULT__KEYS", json.dumps({"sandbox-1": SECRET}), "the key 'sandbox-1' must be 32 bytes in base64"),
    ],
)
def test_nonsense_is_refused_by_name_and_without_the_value(name: str, value: str, words: str, given: Given) -> None:
    assert refusal({name: value}, given) == [f"{name}: {words}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LINLI_DISPATCH__BASE_URL", "http://127.0.0.1:8080/open311/v2"),
        ("LINLI_DISPATCH__BASE_URL", "http://[::1]:8080"),
        ("LINLI_MINIPROGRAM__API_BASE", "https://api.weixin.qq.com"),
        ("LINLI_WEB__PUBLIC_URL", "https://邻里.example"),
        ("LINLI_WEB__HOST", "::"),
        ("LINLI_WEB__HOST", "localhost"),
        ("LINLI_MEDIA__STORE_URL", "file:"),
        ("LINLI_MEDIA__STORE_URL", "file:///srv/the photos"),
        ("LINLI_MEDIA__STORE_URL", "s3://photos"),
        ("LINLI_MEDIA__STORE_URL", "s3://photos/linli"),
        ("LINLI_REDIS_URL", "redis://redis"),
        ("LINLI_REDIS_URL", "rediss://linli:p%40ss@[::1]:6379/2?ssl_cert_reqs=none"),
        ("LINLI_REDIS_URL", "unix:///home/me/my project/redis.sock"),
    ],
)
def test_what_makes_sense_is_taken_as_it_is(name: str, value: str, given: Given) -> None:
    given({name: value})

    group, _, inner = name.removeprefix("LINLI_").lower().partition("__")
    taken = getattr(read_settings(), group)
    assert (getattr(taken, inner) if inner else taken) == value


def test_a_base_address_loses_the_slash_at_its_end(given: Given) -> None:
    given({"LINLI_DISPATCH__BASE_URL": "https://core.example/open311/v2/"})

    assert read_settings().dispatch.base_url == "https://core.example/open311/v2"


def test_a_current_key_that_does_not_exist_is_refused(given: Given) -> None:
    assert refusal({"LINLI_VAULT__CURRENT": "2027"}, given) == [
        "LINLI_VAULT: current names the key '2027', which is not among the keys"
    ]


def test_every_fault_gets_a_line_of_its_own(given: Given) -> None:
    faults = refusal({"LINLI_WEB__PORT": SECRET, "LINLI_LIMITS__MEDIA": SECRET, "LINLI_LOG_LEVEL": SECRET}, given)

    assert [fault.split(":")[0] for fault in faults] == ["LINLI_LOG_LEVEL", "LINLI_WEB__PORT", "LINLI_LIMITS__MEDIA"]
    assert SECRET not in "".join(faults)


def test_production_with_everything_of_its_own_is_accepted(given: Given) -> None:
    given(PRODUCTION)

    settings = read_settings()

    assert (settings.environment, settings.stand_ins()) == ("production", [])


@pytest.mark.parametrize(
    ("name", "stand_in"),
    [
        ("LINLI_DISPATCH__API_KEY", "sandbox-open311-key"),
        ("LINLI_DISPATCH__CALLBACK_KEYS", json.dumps({"core-1": SECRET, "core-2": "sandbox-callback-secret"})),
        ("LINLI_DISPATCH__CALLBACK_KEYS", json.dumps({"core-1": SECRET, "sandbox-1": SECRET})),
        ("LINLI_DISPATCH__CALLBACK_KEYS", json.dumps({"core-1": ""})),
        ("LINLI_DISPATCH__CALLBACK_KEYS", "{}"),
        ("LINLI_MINIPROGRAM__APP_ID", "sandbox-wx-app"),
        ("LINLI_MINIPROGRAM__SECRET", "sandbox-wx-secret"),
        ("LINLI_MEDIA__SIGNING_KEY", "sandbox-media-signing-key"),
        ("LINLI_VAULT__KEYS", json.dumps({"2026": KEY, "sandbox-1": KEY})),
        ("LINLI_VAULT__INDEX_KEY", "sandbox-index-key"),
        ("LINLI_DISPATCH__API_KEY", ""),
        ("LINLI_MINIPROGRAM__SECRET", ""),
        ("LINLI_MEDIA__SIGNING_KEY", ""),
        ("LINLI_VAULT__INDEX_KEY", ""),
    ],
)
def test_production_refuses_a_stand_in_and_an_empty_key(name: str, stand_in: str, given: Given) -> None:
    assert refusal(PRODUCTION | {name: stand_in}, given) == [f"still the stand-in's value, or none: {name}"]


NEEDED = {
    "LINLI_DISPATCH__BASE_URL": "the dispatch core's Open311 address",
    "LINLI_MINIPROGRAM__API_BASE": "https://api.weixin.qq.com",
    "LINLI_WEB__PUBLIC_URL": "the address phones and the core reach the doors under",
    "LINLI_DATABASE_URL": "the address of the district's PostgreSQL",
    "LINLI_REDIS_URL": "the address of the district's Redis",
}


def test_production_refuses_what_was_left_out(given: Given) -> None:
    keys, *others = refusal({"LINLI_ENVIRONMENT": "production"}, given)

    assert keys.count("LINLI_") == 7
    assert others == [f"{name} is not set: production needs {what}" for name, what in NEEDED.items()]


@pytest.mark.parametrize("name", NEEDED)
def test_production_refuses_an_address_that_is_missing(name: str, given: Given) -> None:
    settings = {other: value for other, value in PRODUCTION.items() if other != name}

    assert refusal(settings, given) == [f"{name} is not set: production needs {NEEDED[name]}"]


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("LINLI_DISPATCH__BASE_URL", "http://127.0.0.1:8312/open311/v2/"),
        ("LINLI_MINIPROGRAM__API_BASE", "http://127.0.0.1:8313"),
        ("LINLI_DATABASE_URL", ""),
        ("LINLI_REDIS_URL", ""),
    ],
)
def test_production_refuses_a_stand_in_s_address_and_an_empty_one(name: str, address: str, given: Given) -> None:
    assert refusal(PRODUCTION | {name: address}, given) == [f"{name} is not set: production needs {NEEDED[name]}"]


def test_production_refuses_a_door_for_test_phones(given: Given) -> None:
    assert refusal(PRODUCTION | {"LINLI_WEB__COME_IN_URL": "http://127.0.0.1:8313/phones"}, given) == [
        "LINLI_WEB__COME_IN_URL opens test phones and is refused in production"
    ]


@pytest.mark.parametrize("show", [repr, str, lambda settings: f"{settings.dispatch!r}{settings.vault!r}"])
def test_settings_that_are_shown_show_no_secret(show: Callable[[Settings], str], given: Given) -> None:
    given(PRODUCTION)

    shown = show(read_settings())

    assert SECRET not in shown
    assert KEY not in shown
    assert "core-1" in shown


def test_settings_cannot_be_changed_afterwards(given: Given) -> None:
    given({})
    settings = read_settings()

    with pytest.raises(ValueError, match="frozen"):
        settings.environment = "production"  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        settings.dispatch.base_url = "http://elsewhere"  # type: ignore[misc]


def test_the_stand_ins_keys_are_usable_ones() -> None:
    assert list(VaultSettings().keys) == [VaultSettings().current]
    assert DispatchSettings().callback_keys


def test_another_process_gets_the_same_settings(given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given(PRODUCTION | {"LINLI_VAR": "here", "LINLI_WEB__PORT": "0"})
    monkeypatch.chdir(tmp_path)
    settings = read_settings()
    ask = (
        "import sys; from foundation.settings import read_settings; sys.stdout.write(read_settings().model_dump_json())"
    )

    environment = environment_of(settings)
    told = subprocess.run(  # noqa: S603 - our own Python
        [sys.executable, "-c", ask], env=environment, cwd="/", capture_output=True, check=True, timeout=60
    ).stdout

    own = json.loads(settings.model_dump_json())
    assert json.loads(told) == own | {"var": str(tmp_path / "here")}
    assert set(environment) == {*PRODUCTION, "LINLI_VAR", "LINLI_WEB__PORT"} | {
        name for name in os.environ if name.startswith("LINLI_TEST_")
    }
