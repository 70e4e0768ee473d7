"""A real scheduler and workers under TLS: with certificates the same table, without none."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from o3sim.errors import InputError
from o3sim.runs.cluster.certificates import Certificates
from o3sim.runs.cluster.connect import scheduler_at
from o3sim.runs.stop import never
from o3sim.studies.sweep.expand import load_sweep
from o3sim.studies.sweep.run import plan_sweep, run_sweep
from tests.runs.cluster.listeners import listening
from tests.runs.cluster.loopback import ROOT, Loopback, loopback
from tests.runs.cluster.pem import write_certificates
from tests.studies.sweep.samples import write_sweep

pytest.importorskip("distributed", reason="needs the extra `cluster`")
pytestmark = [
    pytest.mark.slow,
    # Of distributed itself: sockets that its client leaves to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return write_certificates(tmp_path_factory.mktemp("right"))


@pytest.fixture(scope="module")
def cluster(right: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    with loopback(tmp_path_factory.mktemp("tls"), ("node",), certificates=right) as running:
        yield running


def _refused(address: str, certificates: Certificates | None) -> str:
    with (
        pytest.raises(InputError) as caught,
        scheduler_at(address, never, lambda _what: None, certificates),
    ):
        pass
    return str(caught.value)


def test_the_command_line_makes_the_same_table_and_says_nothing(
    cluster: Loopback, right: Certificates, tmp_path: Path
) -> None:
    sweep = write_sweep(tmp_path)
    command = [
        *(sys.executable, "-c", "from o3sim.cli.app import main; main()", "sweep", str(sweep)),
        *("-o", str(tmp_path / "there"), "--scheduler", cluster.address, "--tls-ca-file", str(right.ca_file)),
        *("--tls-cert", str(right.cert), "--tls-key", str(right.key)),
    ]
    with scheduler_at(cluster.address, never, lambda _what: None, right):
        pass  # from here on there is a worker: nothing to wait for, nothing to say
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    run_sweep(plan_sweep(load_sweep(sweep)), tmp_path / "here")
    for name in ("results.csv", "layers.csv"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


def test_a_client_without_certificates_is_refused(cluster: Loopback) -> None:
    assert "no scheduler answers there" in _refused(cluster.address.replace("tls", "tcp"), None)


def test_the_scheduler_itself_demands_a_certificate(cluster: Loopback, right: Certificates) -> None:
    host, port = cluster.address.removeprefix("tls://").split(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(right.ca_file)
    with (
        pytest.raises((ssl.SSLError, ConnectionError)),
        socket.create_connection((host, int(port)), 5) as plain,
        context.wrap_socket(plain) as protected,
    ):
        protected.recv(1)


def test_strangers_certificates_are_refused_by_either_side(
    cluster: Loopback, right: Certificates, tmp_path: Path
) -> None:
    other = write_certificates(tmp_path / "other")
    for stranger in (other, replace(other, ca_file=right.ca_file)):
        assert "no scheduler answers that takes these certificates" in _refused(cluster.address, stranger)


def test_a_scheduler_that_speaks_no_tls_is_one_line(right: Certificates, tmp_path: Path) -> None:
    with loopback(tmp_path, ()) as plain:
        found = _refused(plain.address.replace("tcp", "tls"), right)
    assert "no scheduler answers that takes these certificates" in found
    assert "\n" not in found


def test_only_loopback_is_bound(cluster: Loopback) -> None:
    processes = (cluster.scheduler, *cluster.workers)
    assert {address for process in processes for address in listening(process.pid)} == {"127.0.0.1"}
