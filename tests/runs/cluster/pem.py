"""Certificates for tests, each signed by itself."""

from __future__ import annotations

from pathlib import Path

from o3sim.runs.cluster.certificates import Certificates


def write_certificates(folder: Path) -> Certificates:
    """Write a new certificate, which whoever has it trusts, and its key."""
    from distributed.security import Security

    folder.mkdir(exist_ok=True)
    made = Security.temporary()
    cert, key = folder / "cert.pem", folder / "key.pem"
    cert.write_text(made.tls_client_cert)
    key.write_text(made.tls_client_key)
    return Certificates(cert, cert, key)
