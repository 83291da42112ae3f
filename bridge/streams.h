// SPDX-License-Identifier: BSD-2-Clause
// Waiting for files: some lie here, the standard streams at the caller's end.
#pragma once
#include "agent.h"

// Whether a ppoll names nothing but the caller's streams, so that it goes there whole.
bool streams_of_caller(struct files *files, const struct request *request);
