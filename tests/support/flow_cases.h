/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file flow_cases.h  Cases of flows as data, run by the engine of
 * POST /v1/flows/test (tests/flows/README.md)
 *
 * Thread: the test's. What is wrong fails the test.
 */
#ifndef BIFRONS_TESTS_SUPPORT_FLOW_CASES_H
#define BIFRONS_TESTS_SUPPORT_FLOW_CASES_H

#include <jansson.h>

/** A folder of the source tree; g_free() it */
char *flow_cases_folder(const char *first, const char *second);

/** A file with an array of cases; new */
json_t *flow_cases_load(const char *dir, const char *name);

/** Run one case: its `world` and `stored`, and `expect`.
 * @param file  For messages
 * @param flow  What runs, checked */
void flow_cases_run(const char *file, const json_t *one, const json_t *flow);

#endif
