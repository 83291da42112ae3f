// SPDX-License-Identifier: BSD-2-Clause
// An interpreter that is a Trusted Application: libpython, and a module for the container's pseudo calls.
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <unistd.h>

static PyObject *pseudo(PyObject *self, PyObject *arguments) {
    unsigned long number, first = 0, second = 0;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "k|kk", &number, &first, &second))
        return NULL;
    return PyLong_FromLong(syscall((long)number, first, second));
}

static PyObject *address(PyObject *self, PyObject *held) {
    (void)self;
    char *at = PyByteArray_AsString(held);
    return at ? PyLong_FromUnsignedLong((unsigned long)at) : NULL;
}

static PyObject *read_memory(PyObject *self, PyObject *arguments) {
    unsigned long at;
    Py_ssize_t size;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "kn", &at, &size))
        return NULL;
    return PyBytes_FromStringAndSize((const char *)at, size);
}

static PyObject *write_memory(PyObject *self, PyObject *arguments) {
    unsigned long at;
    Py_buffer from;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "ky*", &at, &from))
        return NULL;
    memcpy((void *)at, from.buf, (size_t)from.len);
    PyBuffer_Release(&from);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"pseudo", pseudo, METH_VARARGS, NULL},
    {"address", address, METH_O, NULL},
    {"read", read_memory, METH_VARARGS, NULL},
    {"write", write_memory, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_tee", NULL, -1, methods, NULL, NULL, NULL, NULL};

static PyObject *make(void) { return PyModule_Create(&definition); }

// All that can be imported lies in one file of the image, or in the interpreter; `main` serves for ever.
int main(void) {
    PyConfig config;
    PyImport_AppendInittab("_tee", make);
    PyConfig_InitIsolatedConfig(&config);
    config.site_import = config.write_bytecode = config.pathconfig_warnings = config.install_signal_handlers = 0;
    config.module_search_paths_set = 1;
    PyWideStringList_Append(&config.module_search_paths, L"/elfhaven/modules.zip");
    PyStatus status = Py_InitializeFromConfig(&config);
    if (PyStatus_Exception(status))
        Py_ExitStatusException(status);
    if (!PyImport_ImportModule("main"))
        PyErr_Print();
    return 1;
}
