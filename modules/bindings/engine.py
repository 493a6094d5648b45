"""The classes of cdktf that are used, or what stands for them. No other module imports cdktf."""

from typing import TYPE_CHECKING

from modules.bindings import IN_PYTHON

if TYPE_CHECKING or not IN_PYTHON:
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
else:
    from modules.bindings.recorder import App, TerraformStack, named
    from modules.bindings.recorder import Element as TerraformResource
    from modules.bindings.recorder import TerraformStack as Construct
    from modules.bindings.recorder import local as TerraformLocal

    DataTerraformRemoteStateS3 = named("DataTerraformRemoteStateS3")
    Postcondition = named("Postcondition")
    S3Backend = named("S3Backend")
    TerraformOutput = named("TerraformOutput")
    TerraformResourceLifecycle = named("TerraformResourceLifecycle")
    TerraformVariable = named("TerraformVariable")

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
