# SPDX-License-Identifier: BSD-2-Clause
_NOTHING = []


class ContextVar:
    def __init__(self, name, default=_NOTHING):
        self.name, self._value = name, default

    def get(self, default=_NOTHING):
        found = default if self._value is _NOTHING else self._value
        if found is _NOTHING:
            raise LookupError(self.name)
        return found

    def set(self, value):
        token, self._value = self._value, value
        return token

    def reset(self, token):
        self._value = token
