"""A repository of a registry, over the OCI distribution API, and the manifests and blobs in it.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import HTTPError, InvalidHeader, MaxRetryError
from urllib3.util import Retry

from ops.aws.errors import explained, only
from ops.aws.session import Aws
from ops.command import say
from ops.errors import OpsError
from ops.stored import parse

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
LONGEST_WAIT = 60
"""Seconds of a Retry-After that are waited; a registry that asks for more is an error that names the time."""


class PatientRetry(Retry):
    """Waits as long as a registry asks, up to a limit, and prints it.

    https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Seconds that a response asks to wait; none without the header, or if it is neither number nor date."""
        try:
            return super().get_retry_after(response)
        except (InvalidHeader, ValueError):  # ValueError: a year after 9999, or a number of thousands of digits.
            return None

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """Count an attempt; a response that asks for a longer wait is the last one."""
        if _pool and response is not None and (self.get_retry_after(response) or 0) > LONGEST_WAIT:
            raise MaxRetryError(_pool, url)
        return super().increment(method, url, response, error, _pool, _stacktrace)

    def sleep_for_retry(self, response: BaseHTTPResponse) -> bool:
        """Wait, and print for how long."""
        if seconds := self.get_retry_after(response):
            say(f"the registry asks to wait {seconds:.0f} s (HTTP {response.status})")
        return super().sleep_for_retry(response)


RETRIES = PatientRetry(
    total=4,
    connect=1,
    backoff_factor=0.5,
    status_forcelist=(429, 500, 502, 503, 504),
    # Every call is addressed by content, so that it can be repeated.
    allowed_methods=None,
    raise_on_status=False,
)
INDEXES = frozenset({MANIFESTS[0], MANIFESTS[2]})
NESTED = "build one index that lists the image of each platform"
"""What to do about an index in an index."""
FOREIGN = (
    "application/vnd.docker.image.rootfs.foreign.diff.",
    "application/vnd.oci.image.layer.nondistributable.",
)
"""What media types of layers begin with that a registry needn't store.

https://github.com/opencontainers/image-spec/blob/main/layer.md#non-distributable-layers
"""
SHA256 = "sha256:"
"""The only algorithm of digests that ECR knows.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageIdentifier.html
"""
_DIGEST = re.compile(rf"{SHA256}[0-9a-f]{{64}}")
"""https://github.com/opencontainers/image-spec/blob/main/descriptor.md#sha-256"""
_FINAL = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
    | {HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.UNPROCESSABLE_ENTITY}
)
"""Statuses of a registry that doesn't take a manifest or blob, however often it is sent."""
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
class _Platform:
    os: str = ""
    architecture: str = ""
    variant: str = ""


@dataclass(frozen=True)
class _Child:
    """A manifest that an index lists."""

    digest: str
    mediaType: str = ""  # noqa: N815  (the specification's name)
    platform: _Platform | None = None


@dataclass(frozen=True)
class _Part:
    """A configuration or layer that a manifest lists."""

    digest: str
    size: int
    mediaType: str = ""  # noqa: N815  (the specification's name)
    annotations: dict[str, str] | None = None


@dataclass(frozen=True)
class _Index:
    """An index. A list that is null is an error: whether it is empty or lost is unknown.

    https://github.com/opencontainers/image-spec/blob/main/image-index.md
    """

    manifests: tuple[_Child, ...]


@dataclass(frozen=True)
class _Image:
    """An image, or an attachment of one."""

    config: _Part | None = None
    layers: tuple[_Part, ...] = ()


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
    def _document(self) -> _Index | _Image:
        """What is read of its content.

        Raises:
            ValueError: It isn't the JSON of a manifest; the message has the place, and no value.
        """
        index = "manifests" in parse(dict[str, object], self.content)
        return parse(_Index, self.content) if index else parse(_Image, self.content)

    @property
    def is_index(self) -> bool:
        """Whether it lists manifests."""
        return isinstance(self._document, _Index)

    @property
    def _listed(self) -> tuple[_Child, ...]:
        return self._document.manifests if isinstance(self._document, _Index) else ()

    @property
    def _parts(self) -> tuple[_Part, ...]:
        if isinstance(self._document, _Index):
            return ()
        return (*filter(None, [self._document.config]), *self._document.layers)

    @property
    def children(self) -> tuple[str, ...]:
        """Digests of the manifests that an index lists."""
        return tuple(each.digest for each in self._listed)

    @property
    def config(self) -> Blob | None:
        """Its configuration, if it has one."""
        has_one = isinstance(self._document, _Image) and self._document.config
        return self.blobs[0] if has_one else None

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """Its configuration and layers."""
        return tuple(Blob(each.digest, each.size, each.mediaType, each.annotations or {}) for each in self._parts)

    @property
    def images(self) -> tuple[Image, ...]:
        """Its images, without attestations, which builders list as images of an unknown platform.

        https://docs.docker.com/build/metadata/attestations/attestation-storage/
        """
        if not self.is_index:
            return (Image("image", self.digest),)
        platforms = ((each.digest, each.platform or _Platform()) for each in self._listed)
        return tuple(
            Image("/".join(filter(None, (platform.os, platform.architecture, platform.variant))), digest)
            for digest, platform in platforms
            if platform.os != "unknown"
        )

    @property
    def unsupported(self) -> str:
        """Why ECR can't store it or ECS can't run it, and what to do; empty if nothing is known."""
        listed: tuple[_Child | _Part, ...] = (*self._listed, *self._parts)
        for digest, media_type in ((each.digest, each.mediaType) for each in listed):
            algorithm, colon, _ = digest.partition(":")
            if colon and f"{algorithm}:" != SHA256:
                return f"lists a digest of {algorithm[:20]}, and ECR knows sha256 only; build the image with sha256"
            if not _DIGEST.fullmatch(digest):  # Its content couldn't be checked, or it would be another address.
                return f"lists {digest[:80]!r}, which isn't a digest; build the image again"
            if media_type.startswith(FOREIGN):
                return (
                    f"has a foreign layer ({digest[:19]}, {media_type}), which isn't in the registry; build on an "
                    "image without such layers"
                )
        if any(each.mediaType in INDEXES for each in self._listed):
            return f"is an index that lists another index; {NESTED}"
        return ""


def digest_of(content: bytes) -> str:
    """The digest of bytes, in the form of registries."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class RegistryError(OpsError):
    """A registry refused a call, or couldn't be reached."""


class NotTakenError(RegistryError):
    """A registry, or ECR in general, doesn't take a manifest or blob, however often it is sent."""


class _Session(requests.Session):
    """A session that takes proxies and certificates from the caller's environment, but no passwords from ~/.netrc.

    After a redirect, requests would add those: a registry redirects to a signed address of S3, and S3 refuses a second
    way to sign in. https://github.com/psf/requests/issues/3929
    """

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Remove the password if the redirect leads to another host."""
        self.trust_env, trusted = False, self.trust_env
        try:
            super().rebuild_auth(prepared_request, response)
        finally:
            self.trust_env = trusted

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:  # noqa: ANN401
        """Accept the certificates that calls to AWS accept: requests doesn't read AWS_CA_BUNDLE."""
        accepted = (self.trust_env and os.environ.get("AWS_CA_BUNDLE")) or verify
        return super().merge_environment_settings(url, proxies, stream, accepted, cert)


def _no_password(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Sign in with nothing: the session's password is the registry's, and not that of another host that it names."""
    return request


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
        self._session = _Session()
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
            RegistryError: The response isn't a manifest, is one that ECR can't store, or doesn't match the digest.
        """
        if ":" in reference and not reference.startswith(SHA256):
            raise NotTakenError(f"{self.name}: {reference[:19]} isn't a digest of sha256, the only one that ECR knows")
        response = self._call("GET", f"manifests/{reference}", missing=True, headers={"Accept": ", ".join(MANIFESTS)})
        if response.status_code == HTTPStatus.NOT_FOUND:
            return None
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip()
        manifest = Manifest(response.content, media_type)
        if reference.startswith(SHA256) and manifest.digest != reference:
            raise RegistryError(f"{self.name} serves {manifest.digest} for {reference}{_looks_like(response)}")
        if not media_type:
            raise RegistryError(f"{self.name} serves {reference} without a Content-Type; {_NOT_A_REGISTRY}")
        try:
            unsupported = manifest.unsupported
        except ValueError as error:
            raise RegistryError(
                f"{self.name} serves something else than a manifest for {reference} ({media_type}): {error}; "
                f"{_NOT_A_REGISTRY}"
            ) from None
        if unsupported:
            raise NotTakenError(f"{self.name}: {reference} {unsupported}")
        if media_type not in MANIFESTS and not media_type.startswith(_VENDOR):
            raise RegistryError(f"{self.name} serves {reference} as {media_type}; {_NOT_A_REGISTRY}")
        if media_type not in MANIFESTS or manifest.is_index is not (media_type in INDEXES):
            raise NotTakenError(
                f"{self.name} serves {reference} as {media_type}, and its content is another one or isn't known here; "
                "build it as an image of OCI, or of Docker's schema 2"
            )
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
        path, seen = f"referrers/{digest}", set[str]()
        while path:
            if path in seen:
                raise RegistryError(f"{self.name} serves pages of referrers/{digest} that lead to one another")
            seen.add(path)
            response = self._call("GET", path, missing=True)
            if response.status_code == HTTPStatus.NOT_FOUND:
                return
            try:
                listed = parse(_Index, response.content).manifests
            except ValueError as error:
                raise RegistryError(
                    f"{self.name} serves something else than a list for referrers/{digest}"
                    f"{_looks_like(response)}: {error}; {_NOT_A_REGISTRY}"
                ) from None
            for each in listed:
                if ":" not in each.digest:  # It would be read as a tag.
                    raise RegistryError(
                        f"{self.name} lists {each.digest[:80]!r} in referrers/{digest}, which isn't a digest"
                    )
                yield each.digest
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
        location = self._call("POST", "blobs/uploads/").headers.get("Location")
        if not location:
            raise RegistryError(f"{self.name} responds to POST blobs/uploads/ without a Location; {_NOT_A_REGISTRY}")
        self._call(
            "PUT",
            location,
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

        Args:
            method: The method.
            path: A path in the repository, or an address that the registry named.
            missing: Whether 404 is a response.
            request: Further arguments of the request.
        """
        what = method
        try:
            address, own = urlsplit(urljoin(self._base, path)), urlsplit(self._base)
            what = f"{method} {urlsplit(path).path.removeprefix('/v2/')}"
            if address.scheme != "https" and own.scheme == "https":
                raise RegistryError(
                    f"{self.name} names an address that doesn't begin with https:// for {what}; the password isn't "
                    f"sent there. {_NOT_A_REGISTRY}"
                )
            if (address.scheme, address.netloc) != (own.scheme, own.netloc):
                request["auth"] = _no_password
            response = self._session.request(method, address.geturl(), timeout=TIMEOUT, **request)
        # urllib3's and ValueError: a registry can name an address that no library reads.
        except (requests.RequestException, HTTPError, ValueError) as error:
            raise RegistryError(f"{self.name} doesn't respond to {what} ({type(error).__name__})") from None
        if response.status_code < HTTPStatus.MULTIPLE_CHOICES or (
            missing and response.status_code == HTTPStatus.NOT_FOUND
        ):
            return response
        try:
            first = parse(_Errors, response.content).errors[0]
            why, advice = f"{first.code}: {first.message}", _ADVICE.get(first.code)
        except (ValueError, IndexError):
            why, advice = f"{response.status_code} {response.reason}", None
        if response.ok:  # requests follows a redirect that has a Location.
            why = f"{response.status_code} without a Location"
        wait = response.headers.get("Retry-After")
        notes = [*filter(None, [advice]), *([f"it asks to wait: Retry-After is {wait[:40]}"] if wait else [])]
        kind = NotTakenError if response.status_code in _FINAL else RegistryError
        raise kind(f"{self.name} refuses {what}: {why}" + (f" ({'; '.join(notes)})" if notes else ""))


_VENDOR = "application/vnd."
_NOT_A_REGISTRY = "a proxy or a sign-in page may respond in the registry's place"


@dataclass(frozen=True)
class _Error:
    code: str
    message: str = ""


@dataclass(frozen=True)
class _Errors:
    errors: tuple[_Error, ...]


def _looks_like(response: requests.Response) -> str:
    """The kind of a response that isn't what was requested."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
    return f" ({kind[:60]})" if kind and kind not in MANIFESTS else ""


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
