"""A client of a scheduler that somebody else started."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable
from typing import Any

from o3sim.errors import InputError
from o3sim.runs.cluster.certificates import PROTECTED, Certificates


def open_client(
    address: str, limit_s: float, tell: Callable[[str], None], certificates: Certificates | None
) -> Any:
    """Return a ``distributed.Client``; say so if anybody might be at the other end, or listen in.

    Raises
    ------
    InputError
        If no scheduler answers, or it does not take the certificates.
    """
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    security = None if certificates is None else certificates.security()
    address = _checked(address, certificates)
    if not address.startswith(PROTECTED):
        tell(
            f"--scheduler {address}: without certificates: "
            "anyone who reaches this scheduler or its workers can run code as their user (docs/scale.md)"
        )
    try:
        if security is not None or not _configured("distributed.client.security-loader"):
            asyncio.run(_knock(address, limit_s, security))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VersionMismatchWarning)  # told later, as far as it matters
            return Client(address, timeout=limit_s, set_as_default=False, security=security)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        whom = "that takes these certificates" if address.startswith(PROTECTED) else "there"
        why = " ".join((str(error) or str(error.__cause__)).split())
        raise InputError(f"--scheduler {address}: no scheduler answers {whom}: {why}") from None


async def _knock(address: str, limit_s: float, security: Any) -> None:
    """Connect once: a ``Client`` that cannot hangs and prints tracebacks when it is given up."""
    from distributed.comm.core import connect
    from distributed.security import Security

    try:
        arguments = (security or Security()).get_connection_args("client")
    except (OSError, ValueError) as error:
        raise InputError(f"certificates of dask's configuration, distributed.comm.tls: {error}") from None
    comm = await connect(address, timeout=limit_s, **arguments)
    comm.abort()


def _checked(address: str, certificates: Certificates | None) -> str:
    """Return an address with its protocol, which has to go with the certificates."""
    if certificates is not None:
        address = address if "://" in address else f"{PROTECTED[0]}{address}"
        if not address.startswith(PROTECTED):
            raise InputError(
                f"--scheduler {address}: certificates are for an address that begins with tls://"
            )
    elif address.startswith(PROTECTED) and not _configured(
        "distributed.comm.tls.client.cert", "distributed.client.security-loader"
    ):
        raise InputError(f"--scheduler {address}: needs certificates: --tls-ca-file, --tls-cert, --tls-key")
    return address


def _configured(*keys: str) -> bool:
    """Return whether the user's own configuration of dask says something of one of these."""
    import dask

    return any(dask.config.get(key, None) for key in keys)
