# SPDX-License-Identifier: BSD-2-Clause
class _Manager:
    def __init__(self, steps):
        self._steps = steps

    def __enter__(self):
        return next(self._steps)

    def __exit__(self, kind, error, trace):
        if kind is None:
            next(self._steps, None)
            return False
        try:
            self._steps.throw(error if error is not None else kind())
        except StopIteration:
            return True
        except BaseException as other:
            if other is not error:
                raise
            return False
        raise RuntimeError("the generator did not stop")


def contextmanager(function):
    def make(*arguments, **words):
        return _Manager(function(*arguments, **words))

    return make


class suppress:
    def __init__(self, *kinds):
        self._kinds = kinds

    def __enter__(self):
        return None

    def __exit__(self, kind, error, trace):
        return kind is not None and issubclass(kind, self._kinds)


class closing:
    def __init__(self, thing):
        self._thing = thing

    def __enter__(self):
        return self._thing

    def __exit__(self, kind, error, trace):
        self._thing.close()
