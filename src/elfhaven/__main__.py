# SPDX-License-Identifier: BSD-2-Clause
"""`python -m elfhaven` is `elfhaven`."""

import sys

from elfhaven.cli.start import main

if __name__ == "__main__":
    sys.exit(main())
