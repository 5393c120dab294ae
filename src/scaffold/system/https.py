"""Download a small file over HTTPS; the only module that uses the network."""

import time
from collections.abc import Mapping
from typing import IO

from scaffold.errors import BadInput

TIMEOUT = 10.0  # seconds for the whole download
_CHUNK = 4096


def get(url: str, max_bytes: int) -> bytes:
    """Return the content at this address.

    Raises BadInput if the address, or one that it redirects to, does not start with https://; if the response
    is an error, larger than `max_bytes` or too slow; and if the connection fails.
    """
    import ssl  # noqa: PLC0415 - slow to import, and only needed here
    import urllib.error  # noqa: PLC0415
    import urllib.parse  # noqa: PLC0415
    import urllib.request  # noqa: PLC0415
    from http.client import HTTPException, HTTPMessage  # noqa: PLC0415

    class OnlyHttps(urllib.request.HTTPRedirectHandler):
        """Follows a redirect only to another https:// address."""

        def redirect_request(
            self,
            req: urllib.request.Request,
            fp: IO[bytes],
            code: int,
            msg: str,
            headers: HTTPMessage,
            newurl: str,
        ) -> urllib.request.Request | None:
            try:
                _check(newurl, f"{url} redirects to {newurl[:200]}, which")
            except BadInput:
                fp.close()
                raise
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    class ProxyUnlessLocal(urllib.request.ProxyHandler):
        """Uses the proxy of the environment, except for servers on this machine."""

        def proxy_open(
            self,
            req: urllib.request.Request,
            proxy: str,
            type: str,  # noqa: A002
        ) -> object:
            if _is_loopback(urllib.parse.urlsplit(req.full_url).hostname or ""):
                return None
            return super().proxy_open(req, proxy, type)

    _check(url, url)
    opener = urllib.request.OpenerDirector()
    for handler in (
        ProxyUnlessLocal(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        OnlyHttps(),
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(url, headers=_HEADERS)  # noqa: S310 - checked above
    deadline = time.monotonic() + TIMEOUT
    try:
        with opener.open(request, timeout=TIMEOUT) as response:
            return _read(url, response, max_bytes, deadline)
    except urllib.error.HTTPError as error:
        with error:
            raise _fetch_error(url, f"the server returned {error.code}") from error
    except TimeoutError as error:
        raise _timeout_error(url) from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        if isinstance(reason, TimeoutError):
            raise _timeout_error(url) from error
        raise _fetch_error(url, str(getattr(reason, "strerror", None) or reason)) from error


_HEADERS: Mapping[str, str] = {"User-Agent": "scaffold", "Accept": "application/toml, text/plain, */*"}


def _check(url: str, what: str) -> None:
    if not url.lower().startswith("https://"):
        raise BadInput(
            f"{what} is not an https:// address.", "Download the file, check it, and pass its path."
        )


def _is_loopback(host: str) -> bool:
    import ipaddress  # noqa: PLC0415 - as above

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _read(url: str, response: IO[bytes], max_bytes: int, deadline: float) -> bytes:
    data = b""
    while chunk := response.read1(_CHUNK) if hasattr(response, "read1") else response.read(_CHUNK):
        data += chunk
        if len(data) > max_bytes:
            raise BadInput(
                f"{url} is larger than {max_bytes // 1024} KB, the maximum for an assignment.", _HINT
            )
        if time.monotonic() > deadline:
            raise _timeout_error(url)
    return data


_HINT = "Check the address, or download the file and pass its path."


def _timeout_error(url: str) -> BadInput:
    return BadInput(f"{url} did not answer within {TIMEOUT:.0f} seconds.", _HINT)


def _fetch_error(url: str, why: str) -> BadInput:
    return BadInput(f"{url} cannot be fetched: {why.rstrip('.')}.", _HINT)
