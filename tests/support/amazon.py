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
