"""The services of AWS's bill, by the names that a budget's filter takes: a table with a date, each name with a source.

AWS Budgets filters by Cost Explorer's SERVICE values. It takes any text, and a budget whose text is on no bill never
alerts: https://github.com/boto/boto3/issues/4248. AWS publishes no list of the values, and they aren't the products'
names. An account that has Cost Explorer prints its own:
`aws ce get-dimension-values --dimension SERVICE --time-period Start=2026-01-01,End=2026-12-01`
(https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetDimensionValues.html). A service that isn't
here yet is one line away, with `CHECKED_ON`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

CHECKED_ON = "2026-11-28"
"""The day on which the names were compared with their sources."""
_GITHUB = "https://github.com/"
_TOOLKIT = _GITHUB + "aws/agent-toolkit-for-aws/blob/main/skills/core-skills/"
_SOURCES: Mapping[str, tuple[str, ...]] = {
    # AWS's own example of GetDimensionValues.
    "https://docs.aws.amazon.com/cli/latest/reference/ce/get-dimension-values.html": (
        "Amazon ElastiCache",
        "Amazon Elastic Compute Cloud - Compute",
        "Amazon Elastic Load Balancing",
        "Amazon Elastic MapReduce",
    ),
    # AWS: "NAT Gateway, EBS, data transfer", and the usage type NatGateway-Bytes.
    _TOOLKIT + "aws-billing-and-cost-management/references/cost-explorer.md": ("EC2 - Other",),
    # AWS: a budget's filter.
    _TOOLKIT + "amazon-bedrock/references/cost-tracking.md": ("Amazon Bedrock",),
    "https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Budget.html": (
        "Amazon OpenSearch Service",
        "Amazon Redshift",
        "Amazon Relational Database Service",
    ),
    # AWS: what Cost Explorer returned for an account in 2023.
    _GITHUB + "cloudscape-design/components/blob/4421cc5eb3da6ff39921cc22ee1a4d315cb827dc/"
    "pages/line-chart/popover-drilldown-sample-data.ts": (
        "AWS Amplify",
        "AWS CloudTrail",
        "AWS CodeArtifact",
        "AWS CodeCommit",
        "AWS CodePipeline",
        "AWS Config",
        "AWS Glue",
        "AWS Key Management Service",
        "AWS Lambda",
        "AWS Secrets Manager",
        "AWS Security Hub",
        "AWS Systems Manager",
        "Amazon CloudFront",
        "Amazon Cognito",
        "Amazon DynamoDB",
        "Amazon Elastic Container Service",
        "Amazon Elastic File System",
        "Amazon Glacier",
        "Amazon GuardDuty",
        "Amazon Route 53",
        "Amazon Security Lake",
        "Amazon Simple Notification Service",
        "Amazon Simple Queue Service",
        "Amazon Simple Storage Service",
        "AmazonCloudWatch",
        "CloudWatch Events",
        "CodeBuild",
    ),
    # What Cost Explorer returned for an account in 2024.
    _GITHUB + "search?type=code&q=cloudtoolbox+CostData": (
        "AWS CloudShell",
        "AWS Cost Explorer",
        "AWS Step Functions",
        "Amazon API Gateway",
        "Amazon EC2 Container Registry (ECR)",
        "Amazon Elastic Container Registry Public",
        "Amazon Elastic Container Service for Kubernetes",
        "Amazon Kinesis",
        "Amazon Location Service",
        "Amazon SageMaker",
        "Amazon Transcribe",
        "Amazon Virtual Private Cloud",
        "Tax",
    ),
    # What Cost Explorer returned for an organization's accounts in 2023.
    _GITHUB + "reply-fr/sustainable-personal-accounts/blob/main/tests/test_lambda_costs.py": (
        "AWS X-Ray",
        "Amazon Connect Customer Profiles",
        "Amazon Kinesis Firehose",
        "Amazon Timestream",
    ),
    # What Cost Explorer returned for an account in 2020.
    _GITHUB + "panther-labs/panther/pull/2219": ("AWS AppSync",),
    # What a migration tool asks Cost Explorer for.
    _GITHUB + "confluentinc/kcp/blob/a3f82bbb3896d29b3a63c2bdf8d10eb23783c10f/internal/types/costs.go": (
        "AWS Certificate Manager",
        "Amazon Managed Streaming for Apache Kafka",
    ),
    # A Terraform module's names for a budget's filter. Its others are out of date or in no answer of Cost Explorer.
    _GITHUB + "search?type=code&q=terraform-aws-budget-alarms": (
        "AWS Database Migration Service",
        "AWS WAF",
        "Amazon Athena",
        "Amazon Lex",
        "Amazon Polly",
        "Amazon Rekognition",
        "Amazon Simple Email Service",
    ),
    # An account's bill of 2019, by product.
    _GITHUB + "search?type=code&q=PDF-Generator-NESTJS+DummyJson": (
        "AWS Budgets",
        "AWS CloudHSM",
        "AWS Data Transfer",
        "AWS DataSync",
        "AWS Direct Connect",
        "AWS Directory Service",
        "AWS Global Accelerator",
        "AWS IoT",
        "AWS Service Catalog",
        "AWS Support (Business)",
        "AWS Support (Developer)",
        "Amazon AppStream",
        "Amazon Comprehend",
        "Amazon DocumentDB (with MongoDB compatibility)",
        "Amazon Inspector",
        "Amazon Lightsail",
        "Amazon Neptune",
        "Amazon QuickSight",
        "Amazon SimpleDB",
        "Amazon WorkSpaces",
    ),
    # Two lists that code compares with Cost Explorer's answers; the address searches for a text that only one has.
    _GITHUB + "search?type=code&q=OCBCloudFront": (
        "AWS Backup",
        "AWS CloudFormation",
        "AWS Compute Optimizer",
        "AWS Support (Enterprise)",
        "AWS Transfer Family",
        "Amazon DataZone",
        "Amazon DevOps Guru",
        "Amazon Managed Grafana",
        "Amazon Personalize",
        "Amazon Registrar",
        "Savings Plans for AWS Compute usage",
    ),
    _GITHUB + "search?type=code&q=product_cost_allocation+tribe_domains": (
        "AWS App Runner",
        "AWS Cloud Map",
        "AWS Data Pipeline",
        "Amazon Connect",
        "Amazon Detective",
        "Amazon Macie",
        "Amazon Managed Workflows for Apache Airflow",
        "Amazon Pinpoint",
        "Amazon Textract",
        "Amazon Translate",
    ),
    # A table of Cost Explorer's names and the ones that its console shows instead.
    _GITHUB + 'search?type=code&q="matching+AWS+Console+CSV+exports"': (
        "AWS Shield",
        "AWS Storage Gateway",
        "Amazon FSx",
        "Amazon MQ",
        "Amazon MemoryDB",
    ),
}
SERVICES: Mapping[str, str] = {name: source for source, names in _SOURCES.items() for name in names}
"""Names of services on AWS's bill, each with its source."""
# What people call them; "Amazon" or "AWS" before a name doesn't count.
_CALLED: Mapping[str, str] = {
    "ACM": "AWS Certificate Manager",
    "Application Load Balancer": "Amazon Elastic Load Balancing",
    "Cache": "Amazon ElastiCache",
    "DocumentDB": "Amazon DocumentDB (with MongoDB compatibility)",
    "EBS": "EC2 - Other",
    "EC2": "Amazon Elastic Compute Cloud - Compute",
    "EC2-Instances": "Amazon Elastic Compute Cloud - Compute",
    "ECR": "Amazon EC2 Container Registry (ECR)",
    "ECS": "Amazon Elastic Container Service",
    "EFS": "Amazon Elastic File System",
    "EKS": "Amazon Elastic Container Service for Kubernetes",
    "ELB": "Amazon Elastic Load Balancing",
    "EMR": "Amazon Elastic MapReduce",
    "Elastic Block Store": "EC2 - Other",
    "Elastic Compute Cloud": "Amazon Elastic Compute Cloud - Compute",
    "Elastic Container Registry": "Amazon EC2 Container Registry (ECR)",
    "Elastic Kubernetes Service": "Amazon Elastic Container Service for Kubernetes",
    "Elasticsearch Service": "Amazon OpenSearch Service",
    "EventBridge": "CloudWatch Events",
    "Fargate": "Amazon Elastic Container Service",
    "KMS": "AWS Key Management Service",
    "MSK": "Amazon Managed Streaming for Apache Kafka",
    "NAT Gateway": "EC2 - Other",
    "PrivateLink": "Amazon Virtual Private Cloud",
    "RDS": "Amazon Relational Database Service",
    "S3": "Amazon Simple Storage Service",
    "SES": "Amazon Simple Email Service",
    "SNS": "Amazon Simple Notification Service",
    "SQS": "Amazon Simple Queue Service",
    "VPC": "Amazon Virtual Private Cloud",
}


def service_problem(name: str) -> str | None:
    """Why a budget of a service may never alert: its name isn't known from a bill. None if it is.

    It names the nearest names, and where to add one.
    """
    if name in SERVICES:
        return None
    called = {_plain(each): each for each in SERVICES} | {_plain(each): meant for each, meant in _CALLED.items()}
    plain = _plain(name)
    near = [plain] if plain in called else get_close_matches(plain, called, n=2)
    meant = f"did you mean {' or '.join(dict.fromkeys(called[each] for each in near))}? " if near else ""
    return (
        f"a budget of a name that is on no bill never alerts; {meant}"
        f"environments/schema/billing.py has the {len(SERVICES)} names of {CHECKED_ON}; add one there, with its source"
    )


def _plain(name: str) -> str:
    """A name without whose it is, and without what people write differently."""
    return re.sub("[^a-z0-9]", "", re.sub("^(amazon|aws) *", "", name.casefold()))
