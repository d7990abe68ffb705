"""Amazon's services as the tests see them."""

from __future__ import annotations

import uuid

import pytest


@pytest.fixture(scope="module")
def aws():
    """Moto, and credentials that are none."""
    from moto import mock_aws

    with pytest.MonkeyPatch.context() as environment, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "testing")
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(scope="module")
def dynamo_client(aws):
    """A client of boto3 for DynamoDB, in which the table of the storage is."""
    from tests.support.dynamo import migrated_client

    with migrated_client() as client:
        yield client


@pytest.fixture
def dynamo(dynamo_client):
    """What answers a storage in DynamoDB, with an empty table: see ``tests/support/dynamo.py``."""
    from tests.support.dynamo import empty_service

    return empty_service(dynamo_client)


@pytest.fixture(scope="session")
def dynamodb_endpoint():
    """DynamoDB in a process of its own, for servers and commands that are processes too."""
    from consentcore.demo.stores import emulator

    with emulator() as url:
        yield url


@pytest.fixture
def dynamodb_lines(dynamodb_endpoint, monkeypatch):
    """The lines of an INI that choose a table of its own there."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    return f"""\
consentcore.storage = dynamodb
consentcore.plugin.dynamodb.region = eu-west-1
consentcore.plugin.dynamodb.table = consents-{uuid.uuid4()}
consentcore.plugin.dynamodb.endpoint_url = {dynamodb_endpoint}
"""
