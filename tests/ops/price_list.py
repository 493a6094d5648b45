"""AWS's Price List API behind botocore, whose model and parser requests and responses go through; no network."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

PAGE = 2


class _Raw(io.BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


@dataclass
class PriceList:
    """Products with their prices, as GetProducts filters and pages them."""

    products: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    """Requests in order."""
    refused: str = ""
    """The code of the error that every call gets; empty if it succeeds."""

    def add(
        self, service: str, usage: str, *tiers: tuple[str, str], region: str = "us-east-1", **attributes: str
    ) -> None:
        """Add a product; each tier has where it begins, and its price."""
        of_region = {"regionCode": region} if region else {}
        dimensions = {
            f"rate{begin}": {"beginRange": begin, "endRange": "Inf", "unit": "Hrs", "pricePerUnit": {"USD": usd}}
            for begin, usd in tiers
        }
        self.products.append(
            {
                "product": {
                    "sku": "A",
                    "attributes": {"servicecode": service, "usagetype": usage, **of_region, **attributes},
                },
                "serviceCode": service,
                "terms": {"OnDemand": {"A.B": {"priceDimensions": dimensions, "sku": "A"}}},
            }
        )

    def client(self) -> Any:
        """A client of the service `pricing` that this answers."""
        session = boto3.Session("AKIAIOSFODNN7EXAMPLE", "secret", region_name="us-east-1")
        made: Any = session.client("pricing")
        made.meta.events.register("before-send.pricing.GetProducts", self._answer)
        return made

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        asked = json.loads(cast("bytes", request.body))
        self.asked.append(asked)
        if self.refused:
            return _response(request.url, 400, {"__type": self.refused, "message": "not allowed"})
        wanted = {each["Field"]: each["Value"] for each in asked["Filters"]}
        found = [json.dumps(each) for each in self.products if self._fits(each, asked["ServiceCode"], wanted)]
        start = int(asked.get("NextToken", 0))
        more = {"NextToken": str(start + PAGE)} if start + PAGE < len(found) else {}
        return _response(
            request.url, 200, {"FormatVersion": "aws_v1", "PriceList": found[start : start + PAGE], **more}
        )

    @staticmethod
    def _fits(product: Mapping[str, Any], service: str, wanted: Mapping[str, str]) -> bool:
        """Whether a product has the attributes; its family isn't one of them, but is filtered like them."""
        attributes = product["product"]["attributes"]
        return product["serviceCode"] == service and all(attributes.get(name) == text for name, text in wanted.items())


def _response(url: str, status: int, body: dict[str, Any]) -> AWSResponse:
    headers = {"Content-Type": "application/x-amz-json-1.1"}
    return AWSResponse(url, status, headers, _Raw(json.dumps(body).encode()))  # type: ignore[arg-type]
