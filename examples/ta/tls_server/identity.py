# SPDX-License-Identifier: BSD-2-Clause
"""The server's key and its certificate: made once for a device, kept in trusted storage."""

import datetime
import os
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from elfhaven.ta import ItemNotFound, PersistentObject

STORED = b"identity"
YEARS = 10
_PEM = serialization.Encoding.PEM


def identity(name: str) -> bytes:
    """Certificate and key in PEM."""
    try:
        with PersistentObject.open(STORED) as found:
            return found.read()
    except ItemNotFound:
        made = make(name)
        PersistentObject.create(STORED, made).close()
        return made


def make(name: str) -> bytes:
    """A new one."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365 * YEARS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, SHA256())
    )
    private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(_PEM) + private


def public(pem: bytes) -> bytes:
    """The certificate alone."""
    return x509.load_pem_x509_certificate(pem).public_bytes(_PEM)


def context(pem: bytes) -> ssl.SSLContext:
    """The library reads keys from files alone: this one is in memory, and has no name."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    memory = os.memfd_create("identity")
    try:
        os.write(memory, pem)
        made.load_cert_chain(f"/proc/self/fd/{memory}")
    finally:
        os.close(memory)
    return made
