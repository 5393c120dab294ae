"""Gets one small file over HTTPS when a person names its address; the one place that speaks to a network."""

import time
from collections.abc import Mapping
from typing import IO

from scaffold.errors import BadInput

PATIENCE = 10.0  # seconds, for everything
_CHUNK = 4096


def get(url: str, largest: int) -> bytes:
    """Return what is at the address, at most `largest` bytes of it.

    Raises BadInput: for an address that is not https://, or leads to one that is not; for an answer that is
    no success, too large or too slow; and if there is no connection.
    """
    import ssl  # noqa: PLC0415 - these cost more than all the rest of `new`, and are needed for this alone
    import urllib.error  # noqa: PLC0415
    import urllib.parse  # noqa: PLC0415
    import urllib.request  # noqa: PLC0415
    from http.client import HTTPException, HTTPMessage  # noqa: PLC0415

    class OnlyHttps(urllib.request.HTTPRedirectHandler):
        """Follows an answer to another address only if that is HTTPS too."""

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
                _check(newurl, f"{url} leads to {newurl[:200]}, which")
            except BadInput:
                fp.close()
                raise
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    class ProxyUnlessLocal(urllib.request.ProxyHandler):
        """Goes through the proxy of the environment, but never to a server on this machine."""

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
    until = time.monotonic() + PATIENCE
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            return _read(url, answer, largest, until)
    except urllib.error.HTTPError as error:
        with error:
            raise _refused(url, f"the server answers {error.code}") from error
    except TimeoutError as error:
        raise _slow(url) from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        if isinstance(reason, TimeoutError):
            raise _slow(url) from error
        raise _refused(url, str(getattr(reason, "strerror", None) or reason)) from error


_HEADERS: Mapping[str, str] = {"User-Agent": "scaffold", "Accept": "application/toml, text/plain, */*"}


def _check(url: str, what: str) -> None:
    if not url.lower().startswith("https://"):
        raise BadInput(
            f"{what} is not an https:// address.", "Download the file, look at it, and name its path."
        )


def _is_loopback(host: str) -> bool:
    import ipaddress  # noqa: PLC0415 - as above

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _read(url: str, answer: IO[bytes], largest: int, until: float) -> bytes:
    data = b""
    while chunk := answer.read1(_CHUNK) if hasattr(answer, "read1") else answer.read(_CHUNK):
        data += chunk
        if len(data) > largest:
            raise BadInput(f"{url} is larger than {largest // 1024} KB, which no assignment is.", _HINT)
        if time.monotonic() > until:
            raise _slow(url)
    return data


_HINT = "Check the address, or download the file and name its path."


def _slow(url: str) -> BadInput:
    return BadInput(f"{url} did not answer within {PATIENCE:.0f} seconds.", _HINT)


def _refused(url: str, why: str) -> BadInput:
    return BadInput(f"{url} cannot be fetched: {why.rstrip('.')}.", _HINT)
