# SPDX-License-Identifier: BSD-2-Clause
import io
import sys


def described(error):
    out = io.StringIO()
    sys.print_exception(error, out)
    return out.getvalue()
