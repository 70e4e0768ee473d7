"""Certificates by which the command, a scheduler and its workers know each other: mutual TLS."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from o3sim.errors import InputError

PROTECTED = ("tls://", "wss://")
"""Addresses at which both sides show certificates."""


@dataclass(frozen=True)
class Certificates:
    """PEM files for the scheduler of a cluster, as `dask worker` takes them.

    Attributes
    ----------
    ca_file : Path
        Whose certificates are trusted.
    cert : Path
        The one to show.
    key : Path or None
        Its private key; None if ``cert`` holds it too.
    """

    ca_file: Path
    cert: Path
    key: Path | None = None

    def security(self) -> Any:
        """Return a ``distributed.Security`` of a client.

        Raises
        ------
        InputError
            If a file cannot be used.
        """
        from distributed.security import Security

        self._check()
        return Security(
            require_encryption=True,
            tls_ca_file=str(self.ca_file),
            tls_client_cert=str(self.cert),
            tls_client_key=None if self.key is None else str(self.key),
        )

    def _check(self) -> None:
        """Read all files, so that what is wrong is told with the option that named it."""
        _use("--tls-ca-file", self.ca_file, "a certificate", _context().load_verify_locations)
        _use("--tls-cert", self.cert, "a certificate", _context().load_verify_locations)
        if self.key is None:
            _use("--tls-cert", self.cert, "a certificate with its private key", self._load)
        else:
            _use("--tls-key", self.key, f"the private key of {self.cert}", self._load)

    def _load(self, key: Path) -> None:
        def nobody_to_ask() -> str:
            raise InputError(f"{key}: the private key has a passphrase, and there is nobody to ask for it")

        _context().load_cert_chain(self.cert, key, nobody_to_ask)


def _context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _use(option: str, file: Path, what: str, use: Callable[[Path], object]) -> None:
    if not file.is_file():
        raise InputError(f"{option} {file}: no such file")
    try:
        use(file)
    except ssl.SSLError as error:
        reason = f" ({error.reason.replace('_', ' ').lower()})" if error.reason else ""
        raise InputError(f"{option} {file}: not {what}, in PEM format{reason}") from None
    except OSError as error:
        raise InputError(f"{option} {file}: {error.strerror}") from None


@contextmanager
def temporary_certificates(folder: Path) -> Iterator[Any]:
    """Make certificates for one run: yield a ``distributed.Security`` of all roles.

    Parameters
    ----------
    folder : Path
        Where workers find them. They lie in a folder of their own that only its owner can enter, and
        are gone when the block ends.

    Raises
    ------
    InputError
        If they cannot be made or written.
    """
    from distributed.security import Security

    try:
        made = Security.temporary()
    except ImportError:
        raise InputError("clusters need cryptography: pip install 'o3sim[cluster]'") from None
    with ExitStack() as stack:
        try:
            private = Path(stack.enter_context(TemporaryDirectory(prefix=".o3sim-tls-", dir=folder)))
            cert = _written(private / "cert.pem", made.tls_worker_cert)
            key = _written(private / "key.pem", made.tls_worker_key)
        except OSError as error:
            raise InputError(f"{folder}: certificates cannot be written there: {error.strerror}") from None
        yield security_of_all(cert, key)


def security_of_all(cert: str, key: str) -> Any:
    """Return a ``distributed.Security`` in which all roles show, and trust, the same certificate."""
    from distributed.security import Security

    roles = ("client", "scheduler", "worker")
    files = {f"tls_{role}_{what}": file for role in roles for what, file in (("cert", cert), ("key", key))}
    return Security(require_encryption=True, tls_ca_file=cert, **files)


def _written(file: Path, text: str) -> str:
    file.touch(mode=0o600)
    file.write_text(text)
    return str(file)
