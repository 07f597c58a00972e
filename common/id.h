/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file id.h  UUIDv7 identifiers (RFC 9562 section 5.7)
 *
 * Thread: any. Ids made by one process sort in the order they were made:
 * within one millisecond a counter in rand_a goes up.
 */
#ifndef BIFRONS_COMMON_ID_H
#define BIFRONS_COMMON_ID_H

#include <stdbool.h>

enum {
	ID_SIZE = 37
}; /**< 36 characters and the NUL */

/** Write a new id of the present time, lower case */
void id_new(char buf[ID_SIZE]);

/** Is it a UUID in canonical lower-case form? */
bool id_is_valid(const char *text);

#endif
