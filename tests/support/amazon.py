"""Amazon's services as the tests see them."""

from __future__ import annotations

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
