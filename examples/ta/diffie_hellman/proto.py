# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of diffie_hellman agree on."""

UUID = "70993b8b-e30c-59cb-85bf-88db982aff94"

EXCHANGE = 0  # the client's public key; room for the TA's
PROVE = 1  # a message; room for its MAC under the secret
