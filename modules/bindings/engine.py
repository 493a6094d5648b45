"""The classes of cdktf that are used. No other module imports cdktf."""

from cdktf import (
    App,
    DataTerraformRemoteStateS3,
    Postcondition,
    S3Backend,
    TerraformLocal,
    TerraformOutput,
    TerraformResource,
    TerraformResourceLifecycle,
    TerraformStack,
    TerraformVariable,
)
from constructs import Construct

__all__ = [
    "App",
    "Construct",
    "DataTerraformRemoteStateS3",
    "Postcondition",
    "S3Backend",
    "TerraformLocal",
    "TerraformOutput",
    "TerraformResource",
    "TerraformResourceLifecycle",
    "TerraformStack",
    "TerraformVariable",
]
