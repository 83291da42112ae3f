# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of tls_client agree on."""

UUID = "f41a1aaa-d11c-512d-aded-6ddc08fe6fcb"

TRUST = 0  # certificates of authorities, in PEM: once for a device
ASK = 1  # the server's name; value: port; a request; room for the answer
