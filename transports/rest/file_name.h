/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file file_name.h  Names of files, from strangers and to them
 *
 * Thread: any; pure.
 */
#ifndef BIFRONS_REST_FILE_NAME_H
#define BIFRONS_REST_FILE_NAME_H

#include <stddef.h>

enum {
	REST_FILE_NAME_MAX = 128
};

/** What is left of a name that a client gave to its file: no folders, no
 * control characters, no dots or blanks at the ends, UTF-8, at most 128 bytes.
 * @param out  "" when nothing is left
 */
void rest_file_name(char out[REST_FILE_NAME_MAX + 1], const char *raw);

/** Content-Disposition: attachment, with this name (RFC 6266).
 * @param name  UTF-8, or NULL */
void rest_disposition(char *out, size_t size, const char *name);

#endif
