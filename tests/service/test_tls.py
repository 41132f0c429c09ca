"""TLS of a listener: spoken, renewed by a reload, and no harm from those who speak something else."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
from service_process import Serving
from service_setup import until

pytestmark = pytest.mark.client("openssl")


def certify(folder: Path, name: str) -> None:
    """Put a certificate for that name where the configuration looks for it."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
         f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", f"{folder}/key.pem",
         "-out", f"{folder}/cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip


def name_of(serving: Serving) -> str:
    """The name in the certificate that is shown, after an exchange by HTTP."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(*serving.place["http"], context=trusting, timeout=30)
    connection.request("GET", "/ping")
    shown = connection.sock.getpeercert(binary_form=True)
    assert connection.getresponse().status == 200
    connection.close()
    done = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-noout", "-subject"], input=shown, capture_output=True, check=True
    )
    return done.stdout.decode().rpartition("=")[2].strip()


def test_a_renewed_certificate_is_taken_and_strangers_do_no_harm(setup):
    certify(setup.folder, "old.example.com")
    setup.write("listen: [{http: '127.0.0.1:0', certificate: cert.pem, key: key.pem}]\nservice: {workers: 1}\n")
    with Serving(setup.path) as serving:
        assert name_of(serving) == "old.example.com"
        with socket.create_connection(serving.place["http"], timeout=30) as plain:
            plain.sendall(b"GET /ping HTTP/1.1\r\n\r\n" * 10)
            while plain.recv(4096):
                continue
        serving.wait_for("refused=tls")
        certify(setup.folder, "new.example.com")
        serving.wait_for("reloaded: generation 2 serves")
        until(lambda: name_of(serving) == "new.example.com")
        (setup.folder / "key.pem").write_text("no key")
        serving.wait_for(r"error\[E775\]")
        assert name_of(serving) == "new.example.com"


def test_who_never_agrees_keeps_nobody_out(setup):
    certify(setup.folder, "some.example.com")
    setup.write("listen: [{http: '127.0.0.1:0', certificate: cert.pem, key: key.pem}]\nservice: {workers: 1}\n")
    serving = Serving(setup.path)
    serving.command = ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh", *serving.command]
    with serving, ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(socket.create_connection(serving.place["http"], timeout=30))
        serving.wait_for("refused=full")
        assert name_of(serving) == "some.example.com"
