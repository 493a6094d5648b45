"""Access Analyzer, which moto doesn't have at all."""

from __future__ import annotations

from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.core.utils import utcnow

from rehearsal.emulator.additions.registry import AwsError, adds, serves

WHY = "moto has no Access Analyzer"
# Analyzers of external access with the account as their zone of trust, in one region.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-quotas.html
_MOST = 1


class AccessAnalyzerBackend(BaseBackend):
    """Analyzers of one account in one region, by name."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.analyzers: dict[str, dict[str, Any]] = {}

    def named(self, name: str) -> dict[str, Any]:
        """The analyzer of that name."""
        if name not in self.analyzers:
            raise AwsError("ResourceNotFoundException", f"Analyzer {name} not found")
        return self.analyzers[name]


accessanalyzer_backends = BackendDict(AccessAnalyzerBackend, "accessanalyzer")


@serves("access-analyzer")
class AccessAnalyzerResponse(BaseResponse):
    """The API of Access Analyzer."""

    def __init__(self) -> None:
        super().__init__(service_name="accessanalyzer")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> AccessAnalyzerBackend:
        """Of the caller's account and region."""
        return accessanalyzer_backends[self.current_account][self.region]

    @property
    def tags(self) -> dict[str, str]:
        """Tags of the analyzer whose ARN the call names."""
        tags: dict[str, str] = self.backend.named(str(self.params["resourceArn"]).rpartition("/")[2])["tags"]
        return tags


@adds(AccessAnalyzerResponse, "accessanalyzer", "CreateAnalyzer", why=WHY)
def create_analyzer(self: AccessAnalyzerResponse) -> ActionResult:
    """Create an analyzer that is active at once; an account has one per region."""
    name = self.params["analyzerName"]
    if len(self.backend.analyzers) >= _MOST:
        raise AwsError("ServiceQuotaExceededException", "The account has an analyzer of this type in this region")
    self.backend.analyzers[name] = {
        "arn": f"arn:{self.partition}:access-analyzer:{self.region}:{self.current_account}:analyzer/{name}",
        "name": name,
        "type": self.params["type"],
        "createdAt": utcnow(),
        "status": "ACTIVE",
        "tags": dict(self.params.get("tags") or {}),
    }
    return ActionResult({"arn": self.backend.analyzers[name]["arn"]})


@adds(AccessAnalyzerResponse, "accessanalyzer", "GetAnalyzer", why=WHY)
def get_analyzer(self: AccessAnalyzerResponse) -> ActionResult:
    """Return the analyzer."""
    return ActionResult({"analyzer": self.backend.named(self.params["analyzerName"])})


@adds(AccessAnalyzerResponse, "accessanalyzer", "ListAnalyzers", why=WHY)
def list_analyzers(self: AccessAnalyzerResponse) -> ActionResult:
    """Return the analyzers of a type, or all."""
    kind = self.params.get("type")
    found = [each for each in self.backend.analyzers.values() if kind in {None, each["type"]}]
    return ActionResult({"analyzers": found})


@adds(AccessAnalyzerResponse, "accessanalyzer", "DeleteAnalyzer", why=WHY)
def delete_analyzer(self: AccessAnalyzerResponse) -> ActionResult:
    """Delete the analyzer."""
    del self.backend.analyzers[self.backend.named(self.params["analyzerName"])["name"]]
    return EmptyResult()


@adds(AccessAnalyzerResponse, "accessanalyzer", "ListTagsForResource", why=WHY)
def list_tags_for_resource(self: AccessAnalyzerResponse) -> ActionResult:
    """Return an analyzer's tags."""
    return ActionResult({"tags": self.tags})


@adds(AccessAnalyzerResponse, "accessanalyzer", "TagResource", why=WHY)
def tag_resource(self: AccessAnalyzerResponse) -> ActionResult:
    """Add tags to an analyzer."""
    self.tags.update(self.params["tags"])
    return EmptyResult()


@adds(AccessAnalyzerResponse, "accessanalyzer", "UntagResource", why=WHY)
def untag_resource(self: AccessAnalyzerResponse) -> ActionResult:
    """Remove tags from an analyzer."""
    for key in self.params["tagKeys"]:
        self.tags.pop(key, None)
    return EmptyResult()
