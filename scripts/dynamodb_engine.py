"""Runs the storage kit on engines that answer like DynamoDB over the wire, each where it can be had.

``CONSENTCORE_TEST_DYNAMODB_URL`` names one that runs already, such as the service itself. Else dynoxide is built by
cargo, and DynamoDB Local is fetched by Maven where ``DYNAMODB_LOCAL_LICENSE=accepted`` says that its licence, which
asks for an account with AWS, is agreed to. What cannot be had is skipped, loudly; in CI that is a failure.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "build" / "dynamodb"
TESTS = "tests/contract/test_dynamodb_engine.py"
START_S = 60.0
DYNOXIDE = ("dynoxide-rs", "3.2.0")
LOCAL = ("com.amazonaws", "DynamoDBLocal", "2.6.1")
POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>local</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version>
  </dependency></dependencies>
</project>
"""


class NotHad(Exception):
    """An engine cannot be had here."""


def main() -> int:
    """Run the tests on every engine that there is."""
    if url := os.environ.get("CONSENTCORE_TEST_DYNAMODB_URL"):
        return _tests(url)
    codes = []
    for name, command in (("dynoxide", _dynoxide), ("DynamoDB Local", _local)):
        try:
            with _running(command) as url:
                print(f"the kit on {name}:", flush=True)
                codes.append(_tests(url))
        except NotHad as error:
            print(f"NO ENGINE, NOT TESTED: {name}: {error}", flush=True)
    if codes:
        return max(codes)
    return 1 if os.environ.get("CI") else 0


def _tests(url: str) -> int:
    environment = {**os.environ, "CONSENTCORE_TEST_DYNAMODB_URL": url}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadscope", TESTS]
    return subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode


def _dynoxide(port: int) -> list[str]:
    """What starts it; built once."""
    name, version = DYNOXIDE
    place = KEPT / f"dynoxide-{version}"
    if not (place / "bin" / "dynoxide").exists():
        features = ["--no-default-features", "--features", "native-sqlite,http-server,cli"]
        _make(["cargo", "install", name, "--version", version, "--locked", *features, "--root", str(place)])
    return [str(place / "bin" / "dynoxide"), "--port", str(port), "--log", "quiet"]


def _local(port: int) -> list[str]:
    """What starts it; fetched once."""
    if os.environ.get("DYNAMODB_LOCAL_LICENSE") != "accepted":
        raise NotHad("say DYNAMODB_LOCAL_LICENSE=accepted once you agree to its licence")
    if shutil.which("java") is None:
        raise NotHad("java is not installed")
    place = KEPT / f"local-{LOCAL[2]}"
    if not list(place.glob(f"{LOCAL[1]}-*.jar")):
        with TemporaryDirectory() as folder:
            (Path(folder) / "pom.xml").write_text(POM.format(*LOCAL))
            goal = ["dependency:copy-dependencies", f"-DoutputDirectory={place}"]
            _make(["mvn", "-q", "-B", "-f", folder, *goal])
    main_class = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"
    options = [f"-Dsqlite4java.library.path={place}", "-cp", f"{place}/*"]
    return ["java", *options, main_class, "-inMemory", "-disableTelemetry", "-port", str(port)]


def _make(command: list[str]) -> None:
    """:raises NotHad: when the tool is missing or fails."""
    if shutil.which(command[0]) is None:
        raise NotHad(f"{command[0]} is not installed")
    if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
        raise NotHad(f"{command[0]} could not get it")


@contextmanager
def _running(command: Callable[[int], list[str]]) -> Iterator[str]:
    """Start an engine on a free port of this machine; its address.

    :raises NotHad: when it does not start.
    """
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    process = subprocess.Popen(command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_ready(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(10)


def _wait_ready(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise NotHad("it did not start")


if __name__ == "__main__":
    sys.exit(main())
