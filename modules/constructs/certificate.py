"""A TLS certificate that DNS records prove."""

from __future__ import annotations

from environments import schema
from modules.bindings import aws
from modules.bindings.engine import Construct, TerraformResourceLifecycle
from modules.ids import bare, reference


class Certificate:
    """Issued when its records are in the zone, and renewed by AWS as long as they stay there.

    Which record a name needs is known at apply only. Terraform's documentation makes the records with `for_each` over
    `domain_validation_options`; here each record looks its own option up by name. So its address is the name (not what
    the certificate happened to answer), and a name and its wildcard, which are proved by the same record, have one
    record instead of two that overwrite each other and of which the first to go takes both.
    https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html

    `record_writer` is the provider of the records, where the zone is in another account.
    """

    def __init__(
        self, scope: Construct, id_: str, *, spec: schema.Edge, zone_id: str, record_writer: aws.AwsProvider | None
    ) -> None:
        names = spec.certificate_names
        aws.AcmCertificate(
            scope,
            id_,
            domain_name=names[0],
            subject_alternative_names=list(names[1:]) or None,
            validation_method="DNS",
            options=aws.AcmCertificateOptions(certificate_transparency_logging_preference="ENABLED"),
            # A listener can't be without one while it is replaced.
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        options = bare(reference("aws_acm_certificate", id_, "domain_validation_options"))
        proofs = {name.removeprefix("*."): name for name in names}
        records = []
        for host, name in proofs.items():
            option = f'one([for option in {options} : option if option.domain_name == "{name}"])'
            record = f"{id_}_{host.replace('.', '_')}"
            aws.Route53Record(
                scope,
                record,
                provider=record_writer,
                zone_id=zone_id,
                name=f"${{{option}.resource_record_name}}",
                type=f"${{{option}.resource_record_type}}",
                records=[f"${{{option}.resource_record_value}}"],
                ttl=300,
                # An account's certificates for one name share the record: an earlier one's may be there.
                allow_overwrite=True,
            )
            records.append(reference("aws_route53_record", record, "fqdn"))
        aws.AcmCertificateValidation(
            scope,
            f"{id_}_validation",
            certificate_arn=reference("aws_acm_certificate", id_, "arn"),
            validation_record_fqdns=records,
        )
        self.arn = reference("aws_acm_certificate_validation", f"{id_}_validation", "certificate_arn")
        """Known when the certificate is issued: what uses it waits for that."""
