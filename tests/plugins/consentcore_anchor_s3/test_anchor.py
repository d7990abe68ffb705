"""A bucket with Object Lock, on moto."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from consentcore.api import AnchorProblem, ConfigurationError, Note, TreeHead
from consentcore.testing import AnchorConformance, factories
from consentcore_anchor_s3 import AnchorS3Settings, consentcore_anchor, consentcore_plugin

REGION = "eu-west-1"


def client():
    return boto3.client("s3", REGION)


@pytest.fixture
def bucket(aws):
    name = factories.unique("evidence").replace("_", "-")
    client().create_bucket(
        Bucket=name,
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": REGION},
    )
    return name


def made(bucket, **more):
    return consentcore_anchor(AnchorS3Settings(bucket, REGION, **more))


def objects(bucket):
    return [
        (one["Key"], client().get_object(Bucket=bucket, Key=one["Key"])["Body"].read())
        for one in client().list_objects_v2(Bucket=bucket).get("Contents", ())
    ]


def facts(body):
    try:
        said = json.loads(body)
        return said["size"], bytes.fromhex(said["root"]), bytes.fromhex(said["signature"])
    except ValueError:
        note = Note.read(body.decode())
        head = TreeHead.read(note.text)
        return head.size, head.root, note.signatures[0].data


class TestConformance(AnchorConformance):
    capabilities = frozenset({"network"})

    @pytest.fixture
    def anchor(self, bucket):
        return made(bucket)

    @pytest.fixture
    def kept(self, bucket):
        return lambda: [facts(body) for _key, body in objects(bucket)]

    @pytest.fixture
    def broken_anchor(self, aws):
        return made("nobody-has-this-bucket")

    @pytest.fixture
    def hanging_anchor(self, aws, silent_port):
        return made("evidence", endpoint=f"http://127.0.0.1:{silent_port}", timeout_s=0.3)


def test_it_says_who_it_is():
    info = consentcore_plugin()
    assert (info.name, info.kind.value) == ("anchor_s3", "extensions")


@pytest.mark.parametrize(("lock", "mode"), [("compliance", "COMPLIANCE"), ("governance", "GOVERNANCE")])
def test_what_is_put_is_locked_for_its_time(bucket, lock, mode):
    earliest = datetime.now(UTC)
    made(bucket, lock=lock, retain_days=30).publish(factories.signed_checkpoint(3))
    latest = datetime.now(UTC)
    ((key, _body),) = objects(bucket)
    kept = client().head_object(Bucket=bucket, Key=key)
    assert kept["ObjectLockMode"] == mode
    second = timedelta(seconds=1)
    assert earliest - second <= kept["ObjectLockRetainUntilDate"] - timedelta(days=30) <= latest + second


def test_a_bucket_may_have_a_rule_of_its_own(bucket):
    made(bucket, lock="none").publish(factories.signed_checkpoint(3))
    ((key, _body),) = objects(bucket)
    assert "ObjectLockMode" not in client().head_object(Bucket=bucket, Key=key)


def test_the_object_is_the_note_that_stock_tools_read(bucket):
    checkpoint = factories.signed_checkpoint(3)
    made(bucket).publish(checkpoint)
    ((key, body),) = objects(bucket)
    assert body.decode() == checkpoint.note
    assert key.startswith("consentcore/")


@pytest.mark.parametrize("over", ["nothing", "a delete marker", "another object", "a smaller one"])
def test_what_somebody_puts_over_it_hides_nothing(bucket, over):
    anchor, checkpoint = made(bucket), factories.signed_checkpoint(9)
    anchor.publish(factories.signed_checkpoint(4))
    anchor.publish(checkpoint)
    key = min(key for key, _body in objects(bucket))
    if over == "a delete marker":
        client().delete_object(Bucket=bucket, Key=key)
    elif over != "nothing":
        body = b"x" if over == "another object" else factories.signed_checkpoint(4).note.encode()
        client().put_object(Bucket=bucket, Key=key, Body=body)
    assert anchor.newest("log.example") == checkpoint.note


def test_many_that_were_put_over_it_are_gone_through(bucket):
    anchor, checkpoint = made(bucket), factories.signed_checkpoint(9)
    anchor.publish(checkpoint)
    ((key, _body),) = objects(bucket)
    for number in range(60):
        client().put_object(Bucket=bucket, Key=key, Body=str(number).encode())
    assert anchor.newest("log.example") == checkpoint.note


def test_a_refusal_is_said_in_words(aws):
    with pytest.raises(AnchorProblem, match="the bucket refused put_object: NoSuchBucket"):
        made("nobody-has-this-bucket").publish(factories.signed_checkpoint(1))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bucket": "A bucket"}, "bucket: expected the name"),
        ({"region": "Europe!"}, "region: expected an AWS region"),
        ({"endpoint": "ftp://x"}, "endpoint: expected a URL"),
        ({"lock": "forever"}, "lock: expected one of compliance, governance, none"),
    ],
)
def test_what_names_no_bucket_is_refused_at_start(changes, said):
    with pytest.raises(ConfigurationError, match=said):
        consentcore_anchor(AnchorS3Settings(**{"bucket": "evidence", "region": REGION, **changes}))
