# SPDX-License-Identifier: BSD-2-Clause
"""A TLS server of the normal world, with an authority of its own, to try the TA on."""

import datetime
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256


def certificate(name: str) -> tuple[bytes, bytes]:
    """A certificate that vouches for itself, and its key; both in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), private


def loaded(certificate: bytes, key: bytes) -> ssl.SSLContext:
    """A server's context. The library reads files alone: this one is in memory."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    memory = os.memfd_create("key")
    try:
        os.write(memory, key + certificate)
        context.load_cert_chain(f"/proc/self/fd/{memory}")
    finally:
        os.close(memory)
    return context


@contextmanager
def server(certificate: bytes, key: bytes) -> Iterator[int]:
    """Answers one connection with the request, backwards; its port."""
    context = loaded(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            peer, _ = listening.accept()
            with suppress(OSError), peer, context.wrap_socket(peer, server_side=True) as tls:
                tls.sendall(tls.recv(4096)[::-1])
                tls.unwrap()

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()
