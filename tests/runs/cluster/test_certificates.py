"""Certificates that cannot be used are one clear error, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from o3sim.cli.app import app
from o3sim.errors import InputError
from o3sim.runs.cluster.certificates import Certificates
from o3sim.runs.cluster.client import open_client
from tests.runs.cluster.pem import write_certificates
from tests.studies.sweep.samples import write_sweep

pytest.importorskip("distributed", reason="needs the extra `cluster`")

TLS = "tls://127.0.0.1:9"


@pytest.fixture
def right(tmp_path: Path) -> Certificates:
    return write_certificates(tmp_path / "right")


def _open(address: str, certificates: Certificates | None) -> tuple[str, list[str]]:
    """Return what opening a client complains of, and what it says besides."""
    told: list[str] = []
    with pytest.raises(InputError) as caught:
        open_client(address, 0.3, told.append, certificates)
    assert "\n" not in str(caught.value)
    return str(caught.value), told


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda right, _other, junk: Certificates(junk, right.cert, right.key),
            "--tls-ca-file JUNK: not a certificate",
        ),
        (
            lambda right, _other, junk: Certificates(right.ca_file, junk, right.key),
            "--tls-cert JUNK: not a certificate",
        ),
        (
            lambda right, _other, junk: Certificates(right.ca_file, right.cert, junk),
            "--tls-key JUNK: not the private key",
        ),
        (
            lambda right, other, _junk: Certificates(right.ca_file, right.cert, other.key),
            "key values mismatch",
        ),
        (
            lambda right, _other, _junk: Certificates(right.ca_file, right.cert),
            "with its private key, in PEM format",
        ),
        (
            lambda right, _other, junk: Certificates(junk / "no", right.cert, right.key),
            "JUNK/no: no such file",
        ),
        (lambda right, _other, junk: Certificates(right.ca_file, right.cert, junk.parent), ": no such file"),
    ],
)
def test_files_that_are_no_certificates(
    change: Callable[[Certificates, Certificates, Path], Certificates],
    message: str,
    right: Certificates,
    tmp_path: Path,
) -> None:
    junk = tmp_path / "junk"
    junk.write_text("junk\n")
    bad = change(right, write_certificates(tmp_path / "other"), junk)
    found, _ = _open(TLS, bad)
    assert message.replace("JUNK", str(junk)) in found


def test_a_key_with_a_passphrase_is_refused_instead_of_asked_about(
    right: Certificates, tmp_path: Path
) -> None:
    from cryptography.hazmat.primitives import serialization as pem

    assert right.key is not None
    locked = pem.load_pem_private_key(right.key.read_bytes(), None).private_bytes(
        pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.BestAvailableEncryption(b"secret")
    )
    (tmp_path / "locked.pem").write_bytes(locked)
    found, _ = _open(TLS, Certificates(right.ca_file, right.cert, tmp_path / "locked.pem"))
    assert "locked.pem: the private key has a passphrase" in found


def test_certificate_and_key_may_be_one_file(right: Certificates, tmp_path: Path) -> None:
    assert right.key is not None
    (tmp_path / "both.pem").write_text(right.cert.read_text() + right.key.read_text())
    security = Certificates(right.ca_file, tmp_path / "both.pem").security()
    assert security.get_connection_args("client")["ssl_context"] is not None


def test_tls_without_certificates_says_what_it_needs() -> None:
    assert _open(TLS, None) == (
        f"--scheduler {TLS}: needs certificates: --tls-ca-file, --tls-cert, --tls-key",
        [],
    )


def test_certificates_of_dasks_configuration_are_taken(right: Certificates) -> None:
    import dask

    def set_to(cert: Path) -> Any:
        return dask.config.set(
            {
                "distributed.comm.tls.ca-file": str(right.ca_file),
                "distributed.comm.tls.client.cert": str(cert),
                "distributed.comm.tls.client.key": str(right.key),
            }
        )

    with set_to(right.cert):
        assert "Timed out trying to connect" in _open(TLS, None)[0]
    with set_to(right.cert.parent / "none.pem"):
        assert "certificates of dask's configuration, distributed.comm.tls" in _open(TLS, None)[0]


def test_certificates_are_not_for_a_connection_in_the_clear(right: Certificates) -> None:
    assert "certificates are for an address that begins with tls://" in _open("tcp://127.0.0.1:9", right)[0]


def test_with_certificates_an_address_needs_no_protocol(right: Certificates) -> None:
    found, told = _open("127.0.0.1:9", right)
    assert found.startswith("--scheduler tls://127.0.0.1:9: no scheduler answers")
    assert told == []


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "127.0.0.1:9"])
def test_a_connection_in_the_clear_is_called_one(address: str) -> None:
    (line,) = _open(address, None)[1]
    assert line.startswith(f"--scheduler {address}: without certificates: anyone who reaches this scheduler")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tls-ca-file", "a"], "go with --scheduler"),
        (["--cluster", "c.yaml", "--tls-cert", "a"], "go with --scheduler"),
        (["--scheduler", TLS, "--tls-cert", "a", "--tls-key", "b"], "give both --tls-ca-file and --tls-cert"),
        (["--scheduler", TLS, "--tls-key", "b"], "give both --tls-ca-file and --tls-cert"),
    ],
)
@pytest.mark.parametrize("command", ["sweep", "explore"])
def test_options_that_need_each_other(command: str, options: list[str], message: str, tmp_path: Path) -> None:
    from tests.studies.search.samples import write_search

    file = write_sweep(tmp_path) if command == "sweep" else write_search(tmp_path)
    with pytest.raises(InputError, match=message):
        CliRunner().invoke(
            app, [command, str(file), "-o", str(tmp_path / "out"), *options], catch_exceptions=False
        )
