"""Registry: one repository for each image, or those of another account."""

from __future__ import annotations

import re

from cdktf_cdktf_provider_aws.ecr_registry_scanning_configuration import (
    EcrRegistryScanningConfiguration,
    EcrRegistryScanningConfigurationRule,
    EcrRegistryScanningConfigurationRuleRepositoryFilter,
)

from modules.constructs.encryption_key import EncryptionKey
from modules.constructs.image_repository import ImageRepository
from modules.contracts import Registry
from modules.stack import PhaseStack


class RegistryStack(PhaseStack):
    """Where images come from."""

    def build(self) -> None:
        """Compose the phase."""
        repositories = sorted({service.repository for service in self.environment.product.services})
        source = self.environment.registry.source_account
        self.publish(self._of_account(source, repositories) if source else self._own(repositories))

    def _own(self, repositories: list[str]) -> Registry:
        environment, names = self.environment, self.names
        key = EncryptionKey(
            self,
            "registry_key",
            alias=names.alias("registry"),
            description="Container images",
            names=names,
            protected=environment.protected,
        )
        if environment.creates_account_resources:
            self._scan()
        made = {
            name: ImageRepository(
                self,
                re.sub(r"\W", "_", name),
                name=name,
                kms_key_arn=key.arn,
                keep_images=environment.registry.keep_manifests,
                untagged_days=environment.registry.untagged_days,
                release_prefix=environment.registry.release_prefix,
                readers=environment.registry.readers,
                names=names,
                protected=environment.protected,
            )
            for name in repositories
        }
        return Registry(
            repository_urls={name: repository.url for name, repository in made.items()},
            repository_arns={name: repository.arn for name, repository in made.items()},
        )

    def _scan(self) -> None:
        """Scan every image on push, in all of the account's registry."""
        EcrRegistryScanningConfiguration(
            self,
            "scanning",
            scan_type="BASIC",
            rule=[
                EcrRegistryScanningConfigurationRule(
                    scan_frequency="SCAN_ON_PUSH",
                    repository_filter=[
                        EcrRegistryScanningConfigurationRuleRepositoryFilter(filter="*", filter_type="WILDCARD")
                    ],
                )
            ],
        )

    def _of_account(self, account_id: str, repositories: list[str]) -> Registry:
        """The same-repository variant: nothing is made here, and production pulls what staging pushed."""
        region, aws = self.environment.region, self.names.partition
        host = aws.registry(account_id, region)
        return Registry(
            repository_urls={name: f"{host}/{name}" for name in repositories},
            repository_arns={
                name: aws.arn("ecr", f"repository/{name}", region=region, account_id=account_id)
                for name in repositories
            },
        )
