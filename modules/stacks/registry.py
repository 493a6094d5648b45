"""Registry: one repository for each image, or the repositories of another account."""

from __future__ import annotations

from modules.bindings import aws
from modules.constructs.encryption_key import EncryptionKey
from modules.constructs.image_repository import ImageRepository
from modules.contracts import Registry
from modules.ids import identifier
from modules.stack import PhaseStack


class RegistryStack(PhaseStack):
    """The image repositories."""

    def build(self) -> None:
        """Compose the phase."""
        repositories = sorted({service.repository for service in self.environment.product.services})
        source = self.environment.registry.source_account
        self.publish(self._of_account(source, repositories) if source else self._own(repositories))

    def _own(self, repositories: list[str]) -> Registry:
        environment, names = self.environment, self.names
        key = EncryptionKey(self, "registry_key", names=names, purpose="registry", description="Container images")
        if environment.creates_account_resources:
            self._scan()
        created = {
            name: ImageRepository(
                self, identifier(name), spec=environment.registry, names=names, name=name, kms_key_arn=key.arn
            )
            for name in repositories
        }
        return Registry(
            repository_urls={name: repository.url for name, repository in created.items()},
            repository_arns={name: repository.arn for name, repository in created.items()},
        )

    def _scan(self) -> None:
        """Scan every image of the account's registry on push."""
        all_repositories = aws.EcrRegistryScanningConfigurationRuleRepositoryFilter(filter="*", filter_type="WILDCARD")
        rule = aws.EcrRegistryScanningConfigurationRule(
            scan_frequency="SCAN_ON_PUSH", repository_filter=[all_repositories]
        )
        aws.EcrRegistryScanningConfiguration(self, "scanning", scan_type="BASIC", rule=[rule])

    def _of_account(self, account_id: str, repositories: list[str]) -> Registry:
        """The same-repository variant: this creates nothing, and production pulls the images that staging pushed."""
        region, aws = self.environment.region, self.names.partition
        host = aws.registry(account_id, region)
        return Registry(
            repository_urls={name: f"{host}/{name}" for name in repositories},
            repository_arns={
                name: aws.arn("ecr", f"repository/{name}", region=region, account_id=account_id)
                for name in repositories
            },
        )
