"""Where the demo keeps its data: a file, or a table of DynamoDB."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import requests

from consentcore.demo.serving import base_url, bind

REGION = "eu-west-1"
START_S = 90.0

_IN_A_FILE = "consentcore.plugin.sqlalchemy.url = sqlite:///%(here)s/var/consentcore.sqlite"
_IN_A_TABLE = """\
consentcore.plugin.dynamodb.region = {region}
consentcore.plugin.dynamodb.table = consentcore-demo-{name}
consentcore.plugin.dynamodb.endpoint_url = {endpoint}"""


class NoStorage(Exception):
    """What the demo was to keep its data in cannot be had."""


@contextmanager
def prepared(storage: str, endpoint: str) -> Iterator[str]:
    """What has to run for a storage, until the block ends; gives the lines of the INI that choose it.

    :param storage: one of :data:`~consentcore.demo.STORAGES`.
    :param endpoint: where DynamoDB is asked, such as ``http://127.0.0.1:8000``; "": an emulator that is started here.
    :raises NoStorage: when there is no emulator, or it does not start.
    """
    chosen = f"consentcore.storage = {storage}"
    if storage == "sqlalchemy":
        yield f"{chosen}\n{_IN_A_FILE}"
        return
    with emulator() if not endpoint else _given(endpoint) as url:
        region = os.environ.get("AWS_DEFAULT_REGION", REGION)
        # Begun anew at every start, as all that the demo has: its keys fit no table of before.
        table = _IN_A_TABLE.format(region=region, name=secrets.token_hex(4), endpoint=url)
        yield f"{chosen}\n{table}"


@contextmanager
def _given(endpoint: str) -> Iterator[str]:
    yield endpoint


@contextmanager
def emulator() -> Iterator[str]:
    """DynamoDB in a process of its own on this machine, in memory; gives its address.

    :raises NoStorage: when moto is not installed, or does not come up within 90 seconds.
    """
    if find_spec("moto") is None:
        raise NoStorage(
            "it needs DynamoDB: pip install 'moto[dynamodb,server]', or say where one is with --dynamodb-endpoint"
        )
    # Whoever asks an emulator has to sign, with any key.
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ.setdefault(name, "demo")
    lifeline, ours = os.pipe()
    with bind("127.0.0.1", 0) as listening:
        facts = (str(os.getpid()), str(lifeline), str(listening.fileno()))
        process = subprocess.Popen(
            [sys.executable, "-m", "consentcore.demo.emulator", *facts],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=[lifeline, listening.fileno()],
        )
        try:
            url = base_url(listening)
            _wait_ready(process, url)
            yield url
        finally:
            process.kill()
            process.wait(5)
            for end in (lifeline, ours):
                os.close(end)


def _wait_ready(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            requests.get(f"{url}/moto-api/", timeout=2)
        except requests.RequestException:
            time.sleep(0.05)
        else:
            return
    raise NoStorage("moto, which is to be DynamoDB here, did not start")
