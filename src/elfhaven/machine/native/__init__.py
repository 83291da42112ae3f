# SPDX-License-Identifier: BSD-2-Clause
"""The native tier: hot loops of the guest as code of the host.

A loop is found by sampling (engine.py, profile.py), its instructions are decoded by one table (decode.py and
the modules with rows), lifted to LLVM IR (emitter.py, lift.py) and compiled in a second thread (compiler.py).
A block hook at the loop's head runs it on the CPU's state. Whatever is not surely exact is left to the
interpreter: the code goes back to it with the state as it is before the instruction in question.
"""
