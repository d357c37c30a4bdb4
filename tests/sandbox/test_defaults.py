"""The stand-ins stand, without any option, where the product looks for them without any setting, with its keys."""

import inspect

from foundation.settings import DispatchSettings, MiniprogramSettings, WebSettings
from foundation.web.keys import API
from sandbox.dispatch_core import __main__ as core
from sandbox.wechat import __main__ as wechat
from sandbox.wechat.app import Plan, build
from sandbox.wechat.doors import PLATFORM

PRODUCT = f"http://{WebSettings().host}:{WebSettings().port}"


def test_the_mini_program_platform_plays_the_app_that_the_product_expects() -> None:
    options = inspect.signature(wechat.main).parameters
    expected = MiniprogramSettings()

    assert f"http://{options['host'].default}:{options['port'].default}" == expected.api_base
    assert (Plan().app_id, Plan().app_secret) == (expected.app_id, expected.secret.get_secret_value())
    assert (options["app_id"].default, options["app_secret"].default) == (Plan.app_id, Plan.app_secret)
    assert wechat.PRODUCT == PRODUCT


def test_the_dispatch_core_listens_and_calls_back_where_the_product_expects_it() -> None:
    options = inspect.signature(core.main).parameters
    expected = DispatchSettings()
    keys = {name: secret.get_secret_value() for name, secret in expected.callback_keys.items()}

    assert f"http://{options['host'].default}:{options['port'].default}/open311/v2" == expected.base_url
    assert {options["callback_key_id"].default: options["callback_secret"].default} == keys
    assert f"{PRODUCT}{API}/callbacks/dispatch" == core.CALLBACKS


def test_what_the_plan_says_of_the_product_holds_until_it_is_configured() -> None:
    platform = build(Plan(api="http://here/api/v1", pages="http://here/web"))[PLATFORM]

    assert (platform.api, platform.pages) == ("http://here/api/v1", "http://here/web")
