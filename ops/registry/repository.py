"""A repository of a registry, over the OCI distribution API, and the manifests and blobs in it.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from ops.aws.errors import explained, only
from ops.aws.session import Aws
from ops.errors import OpsError

MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
"""Accepted media types: a registry might convert a manifest to another type, and so change its digest."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
TIMEOUT = (5, 60)
"""Seconds to connect, and between two parts of a response."""
CHUNK = 1 << 20
RETRIES = Retry(
    total=4,
    connect=1,
    backoff_factor=0.5,
    status_forcelist=(429, 500, 502, 503, 504),
    # Every call is addressed by content, so that it can be repeated.
    allowed_methods=None,
    raise_on_status=False,
)
_ADVICE = {
    "UNAUTHORIZED": "the registry doesn't accept these credentials",
    "DENIED": "these credentials may not do that; the repository's policy and the caller's must both allow it",
    "NAME_UNKNOWN": "apply phase registry first",
}


@dataclass(frozen=True)
class Blob:
    """A layer or a configuration."""

    digest: str
    size: int
    """Bytes."""
    media_type: str
    annotations: dict[str, str]


@dataclass(frozen=True)
class Image:
    """An image of one platform, which ECR can scan."""

    platform: str
    digest: str


@dataclass(frozen=True)
class Manifest:
    """The bytes that its registry serves: an image, an index of images, or an attachment of an image.

    https://github.com/opencontainers/image-spec/blob/main/manifest.md
    """

    content: bytes
    media_type: str

    @cached_property
    def digest(self) -> str:
        """Its digest, the same in every registry."""
        return digest_of(self.content)

    @cached_property
    def document(self) -> dict[str, Any]:
        """Its content as JSON."""
        document: dict[str, Any] = json.loads(self.content)
        return document

    @property
    def children(self) -> tuple[str, ...]:
        """Digests of the manifests that an index lists."""
        return tuple(each["digest"] for each in self.document.get("manifests", ()))

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """Its configuration and layers."""
        parts = [*filter(None, [self.document.get("config")]), *self.document.get("layers", ())]
        return tuple(
            Blob(each["digest"], each["size"], each.get("mediaType", ""), each.get("annotations") or {})
            for each in parts
        )

    @property
    def images(self) -> tuple[Image, ...]:
        """Its images, without attestations, which builders list as images of an unknown platform.

        https://docs.docker.com/build/metadata/attestations/attestation-storage/
        """
        if "manifests" not in self.document:
            return (Image("image", self.digest),)
        platforms = ((each["digest"], each.get("platform") or {}) for each in self.document["manifests"])
        return tuple(
            Image("/".join(filter(None, (platform.get(part) for part in ("os", "architecture", "variant")))), digest)
            for digest, platform in platforms
            if platform.get("os") != "unknown"
        )


def digest_of(content: bytes) -> str:
    """The digest of bytes, in the form of registries."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class RegistryError(OpsError):
    """A registry refused a call, or couldn't be reached."""


class Repository:
    """Manifests and blobs of one repository."""

    def __init__(self, registry: str, name: str, credentials: tuple[str, str]) -> None:
        """Open a repository.

        Args:
            registry: The registry's address; http:// is allowed on this machine only.
            name: The repository's name there.
            credentials: User and password.

        Raises:
            RegistryError: The password would be sent over the network unencrypted.
        """
        address = urlsplit(registry)
        local = address.hostname in LOOPBACK
        if address.scheme != "https" and not local:
            raise RegistryError(f"{registry}: a registry's address must begin with https://")
        self.name = f"{address.netloc}/{name}"
        self._base = f"{registry}/v2/{name}/"
        self._session = requests.Session()
        self._session.auth = credentials
        # A proxy can't reach this machine.
        self._session.trust_env = not local
        # Uncompressed: the digest is of these bytes.
        self._session.headers["Accept-Encoding"] = "identity"
        self._session.mount("http://", HTTPAdapter(max_retries=RETRIES))
        self._session.mount("https://", HTTPAdapter(max_retries=RETRIES))

    def find(self, reference: str) -> Manifest | None:
        """The manifest of a digest or tag; None if there is none.

        Raises:
            RegistryError: The content doesn't match the digest.
        """
        response = self._call("GET", f"manifests/{reference}", missing=True, headers={"Accept": ", ".join(MANIFESTS)})
        if response.status_code == HTTPStatus.NOT_FOUND:
            return None
        manifest = Manifest(response.content, response.headers["Content-Type"])
        if reference.startswith("sha256:") and manifest.digest != reference:
            raise RegistryError(f"{self.name} serves {manifest.digest} for {reference}")
        return manifest

    def manifest(self, digest: str) -> Manifest:
        """The manifest of a digest.

        Raises:
            RegistryError: There is no such manifest.
        """
        found = self.find(digest)
        if found is None:
            raise RegistryError(f"{self.name} has no {digest}")
        return found

    def put(self, manifest: Manifest, reference: str) -> None:
        """Write a manifest under its digest or a tag; all that it refers to must exist."""
        self._call(
            "PUT", f"manifests/{reference}", data=manifest.content, headers={"Content-Type": manifest.media_type}
        )

    def referrers(self, digest: str) -> Iterator[str]:
        """Digests of the manifests that refer to this one; empty if the registry doesn't support referrers."""
        path = f"referrers/{digest}"
        while path:
            response = self._call("GET", path, missing=True)
            if response.status_code == HTTPStatus.NOT_FOUND:
                return
            yield from (each["digest"] for each in response.json()["manifests"])
            path = response.links.get("next", {}).get("url", "")

    def has(self, blob: Blob) -> bool:
        """Whether the repository has a blob."""
        return self._call("HEAD", f"blobs/{blob.digest}", missing=True).status_code == HTTPStatus.OK

    def read(self, blob: Blob) -> bytes:
        """Read a small blob into memory."""
        content = io.BytesIO()
        self.download(blob, content)
        return content.getvalue()

    def download(self, blob: Blob, into: IO[bytes]) -> None:
        """Read a blob into a file.

        Raises:
            RegistryError: The content doesn't match the digest, or the connection was lost.
        """
        hashed = hashlib.sha256()
        response = self._call("GET", f"blobs/{blob.digest}", stream=True)
        try:
            for chunk in response.iter_content(CHUNK):
                hashed.update(chunk)
                into.write(chunk)
        except requests.RequestException as error:
            raise RegistryError(
                f"{self.name}: lost the connection while reading {blob.digest} ({type(error).__name__}); run it again"
            ) from None
        if f"sha256:{hashed.hexdigest()}" != blob.digest:
            raise RegistryError(f"{self.name} serves sha256:{hashed.hexdigest()} for {blob.digest}")

    def upload(self, blob: Blob, content: IO[bytes]) -> None:
        """Write a blob in one request, which has its size."""
        place = urljoin(self._base, self._call("POST", "blobs/uploads/").headers["Location"])
        self._call(
            "PUT",
            place,
            params={"digest": blob.digest},
            data=content,
            headers={"Content-Type": "application/octet-stream"},
        )

    def _call(
        self,
        method: str,
        path: str,
        *,
        missing: bool = False,
        **request: Any,  # noqa: ANN401  (any argument of requests)
    ) -> requests.Response:
        """Make one call; with `missing`, 404 is a response and not an error.

        Errors have only the path of an address: its query may be a signature.
        """
        what = f"{method} {urlsplit(path).path.removeprefix('/v2/')}"
        try:
            response = self._session.request(method, urljoin(self._base, path), timeout=TIMEOUT, **request)
        except requests.RequestException as error:
            raise RegistryError(f"{self.name} doesn't respond to {what} ({type(error).__name__})") from None
        if response.ok or (missing and response.status_code == HTTPStatus.NOT_FOUND):
            return response
        try:
            first = response.json()["errors"][0]
            why, advice = f"{first['code']}: {first['message']}", _ADVICE.get(first["code"])
        except (ValueError, KeyError, TypeError, IndexError):
            why, advice = f"{response.status_code} {response.reason}", None
        raise RegistryError(f"{self.name} refuses {what}: {why}" + (f" ({advice})" if advice else ""))


def repository(aws: Aws, account_id: str, region: str, name: str) -> Repository:
    """A repository of an account, which may be another account than the caller's.

    The token allows what the caller's and the repository's policies allow; the account sets only the address.
    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
    """
    with explained(f"log in to the registry of account {account_id}"):
        response = aws.client("ecr", region_name=region).get_authorization_token(registryIds=[account_id])
    login = only(response["authorizationData"], f"logins to the registry of account {account_id}")
    user, _, password = base64.b64decode(login["authorizationToken"]).decode().partition(":")
    return Repository(login["proxyEndpoint"], name, (user, password))
