"""An environment's credentials: resolved once for boto3, Terraform and the AWS CLI, and renewed before they expire.

Terraform can't ask for an MFA code, and reads fewer kinds of profile than botocore (docs/adr/0017-credentials.md).
"""
