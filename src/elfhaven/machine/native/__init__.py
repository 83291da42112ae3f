# SPDX-License-Identifier: BSD-2-Clause
"""The native tier: hot code of the guest as code of the host.

A block hook counts how often each block is met (dispatch.py, engine.py). The function around a hot one is
found (flow.py), its instructions are decoded by one table (decode.py and the modules with rows), lifted to
LLVM IR (emitter.py, lift.py) and compiled by another process (codegen.py, compiler.py); the object is put
into memory (linker.py), and kept on disk with all that is known of its text (texts.py, bundle.py, cache.py).
The same hook runs it on the CPU's state. Whatever is not surely exact is left to the interpreter:
the code goes back to it with the state as it was before.
"""
