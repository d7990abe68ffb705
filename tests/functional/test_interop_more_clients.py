"""Stock clients of Java and Go, whose libraries take minutes to fetch and build: a part of ``make nightly``."""

from __future__ import annotations

import subprocess

import pytest

from tests.support.go import go_program
from tests.support.java import java_command
from tests.support.stock_clients import Conversation, house, register, the_story_holds

pytestmark = pytest.mark.nightly

WAYS = [("client_secret_basic", ()), ("client_secret_post", ("--require-pkce",)), ("none", ())]


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    with house(tmp_path_factory.mktemp("interop")) as made:
        yield made


@pytest.fixture(scope="module", params=["spring", "xoauth2"])
def program(request, tmp_path_factory):
    """What starts the client."""
    folder = tmp_path_factory.mktemp("built")
    if request.param == "spring":
        return java_command("spring", folder, "interop.SpringClient")
    return [str(go_program("xoauth2", folder))]


@pytest.mark.parametrize(("auth_method", "options"), WAYS, ids=[method for method, _ in WAYS])
def test_code_with_pkce_refresh_and_revoke(platform, sink, program, auth_method, options):
    settings = {"client_secret": "", **register(platform, sink, auth_method, *options)}
    pipe = subprocess.PIPE
    with subprocess.Popen(program, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            said = Conversation(process).run(settings)
        finally:
            process.kill()
    the_story_holds(said, platform.issuer)
