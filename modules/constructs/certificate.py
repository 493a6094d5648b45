"""A TLS certificate with DNS validation."""

from __future__ import annotations

from environments import schema
from modules.bindings import aws
from modules.bindings.engine import Construct, TerraformResourceLifecycle
from modules.ids import bare, reference


class Certificate:
    """AWS issues it when its validation records are in the zone, and renews it while they stay there.

    A name's record is known only at apply. Terraform's documentation creates the records with `for_each` over
    `domain_validation_options`; here each record looks up its own option by name. So its address is the name, and a
    name and its wildcard, which have the same validation record, share one resource. With two resources, deleting one
    would delete the record of both.
    https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html

    `record_writer` is the provider of the records, if the zone is in another account.
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
            # A listener needs the old certificate until the new one is issued.
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
                # All of an account's certificates for one name share a record, so it may exist already.
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
        """Known when the certificate is issued, so resources that use it wait for that."""
