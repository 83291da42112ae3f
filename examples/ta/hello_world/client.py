# SPDX-License-Identifier: BSD-2-Clause
"""Sends a number in, and shows what comes back."""

from proto import INCREMENT, UUID
from ta import HelloWorld

from elfhaven.client import Context, Value

if __name__ == "__main__":
    with Context(tas=[HelloWorld]) as tee, tee.open_session(UUID) as session:
        (value,) = session.invoke(INCREMENT, Value.inout(41))
        print(f"41 became {value.a}")
