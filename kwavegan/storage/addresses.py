"""Addresses of folders elsewhere, `s3://bucket/folder`: what they may hold, and what is shown of
them. Keys and passwords are never shown, and none is taken from an address: it would be kept in
the settings of a run, and in the shell's history."""

import os
import re

from kwavegan.errors import InputError

_ADDRESS = re.compile(r"(?!file://)[A-Za-z][A-Za-z0-9+.-]+(?:::.*)?://")

_LEADING_ON = """async_wrapper asynclocal blockcache cached dask data dir file filecache generic git
github jlab jupyter libarchive local reference simplecache tar zip"""
_INDIRECT = frozenset(_LEADING_ON.split())
"""Protocols that read files of this machine, or go on to another address."""

_SECRET = re.compile("SECRET|TOKEN|PASSWORD|KEY|CREDENTIAL|CONNECTION_STRING")

_SHORTEST_SECRET = 8

VARIABLES = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ~/.aws/credentials",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "hf": "HF_TOKEN",
}
"""Where the credentials of a protocol stand."""

_SAME = {"s3a": "s3", "gcs": "gs"}


def is_address(place: object) -> bool:
    """Return whether a text is an address, and not a path.

    Example:
        >>> from kwavegan.storage.addresses import is_address
        >>> is_address("s3://bucket/drums"), is_address("C:/drums"), is_address("file:///drums")
        (True, False, False)
    """
    return isinstance(place, str) and _ADDRESS.match(place) is not None


def protocol_of(address: str) -> str:
    """Return the protocol of an address, of two with one meaning the shorter: `s3`, `gs`."""
    protocol = address.partition("://")[0].lower()
    return _SAME.get(protocol, protocol)


def credentials_for(protocol: str) -> str:
    """Say where the credentials of a protocol stand."""
    return VARIABLES.get(protocol, "the variables or files of that protocol")


def shown(text: str) -> str:
    """Return a text without credentials: those in an address, and those that variables hold.

    Example:
        >>> from kwavegan.storage.addresses import shown
        >>> shown("s3://key:secret@bucket/drums?token=1")
        's3://***@bucket/drums?***'
    """
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_SECRET and _SECRET.search(name.upper()):
            text = text.replace(value, "***")
    text = re.sub(r"://\S*:\S*@", "://***@", text)
    return re.sub(r"(://[^\s?]*)\?\S*", r"\1?***", text)


def checked_address(address: str) -> str:
    """Return an address without the slash at its end, if it is one that can be read.

    Raises:
        InputError: it holds credentials or a query, or its protocol leads elsewhere.
    """
    protocol = protocol_of(address)
    if ":" in (rest := address.partition("://")[2]) and "@" in rest.partition(":")[2]:
        raise InputError(
            f"{shown(address)}: holds a key or a password; leave it out, and give it in"
            f" {credentials_for(protocol)}"
        )
    if "?" in address or "#" in address or "::" in address:
        raise InputError(f"{shown(address)}: give the address of a folder, without ?, # and ::")
    if protocol in _INDIRECT:
        raise InputError(f"{address}: {protocol} is no protocol of a folder elsewhere")
    if not rest.strip("/"):
        raise InputError(f"{address}: names no bucket or folder; write which")
    return address.rstrip("/")
