"""The engine that synthesizes: what is used of cdktf. No other module imports it."""

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
]
