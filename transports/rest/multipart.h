/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file multipart.h  multipart/form-data, as it streams (RFC 7578, RFC 2046)
 *
 * Nothing is kept but the head of one part: what a part holds goes on as it
 * comes, in pieces of any size. libmicrohttpd's MHD_PostProcessor takes a
 * boundary only when it ends the Content-Type, cannot tell two parts of one
 * name apart when the first is empty, and cannot be fed without a connection.
 *
 * Thread: one at a time; pure.
 */
#ifndef BIFRONS_REST_MULTIPART_H
#define BIFRONS_REST_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

enum {
	MULTIPART_BOUNDARY_MAX = 70, /**< RFC 2046 §5.1.1 */
	MULTIPART_HEAD_MAX = 4096,   /**< bytes of one part's header fields */
	MULTIPART_NAME_MAX = 64,     /**< of a field's name; more: malformed */
	MULTIPART_FILE_NAME_MAX = 255,
};

struct multipart;

/** What a part's head says */
struct multipart_part {
	char name[MULTIPART_NAME_MAX + 1];
	/** As sent, cut at its length; any bytes but NUL; "" = none */
	char file_name[MULTIPART_FILE_NAME_MAX + 1];
	bool is_file; /**< has a filename, though it may be empty */
	bool encoded; /**< Content-Transfer-Encoding: base64 or its like */
};

/** A part begins, goes on, ends. @return false: stop, ECANCELED */
struct multipart_handlers {
	bool (*begin)(void *arg, const struct multipart_part *part);
	bool (*data)(void *arg, const char *data, size_t len);
	bool (*end)(void *arg);
};

/** @param boundary  As multipart_boundary() gives it
 * @param handlers   Constant */
struct multipart *multipart_new(const char *boundary,
				const struct multipart_handlers *handlers,
				void *arg);
void multipart_free(struct multipart *mp);

/** Take a piece.
 * @return 0, EBADMSG: multipart_why() says what is wrong, or ECANCELED; after
 *         a failure it stays with it
 */
int multipart_add(struct multipart *mp, const char *data, size_t len);
/** The body is whole. @return 0, or EBADMSG when the last boundary is missing
 */
int multipart_end(struct multipart *mp);
/** Static text */
const char *multipart_why(const struct multipart *mp);

/** The boundary of a Content-Type.
 * @return 0; ENOENT: it is not multipart/form-data; EINVAL: no boundary, or
 *         none that may be one
 */
int multipart_boundary(char out[MULTIPART_BOUNDARY_MAX + 1], const char *type);

/* multipart_head.c */

/** Read the header fields of a part, lines with CRLF.
 * @return NULL, or static text that says what is wrong */
const char *multipart_head(struct multipart_part *part, const char *text,
			   size_t len);

/** One parameter of a header field: `name=value` or `name="value"`.
 * @param textp   After a ';'; set behind the parameter
 * @param name    Lower-cased
 * @return 0, ENOENT at the end of the text, EINVAL
 */
int multipart_parameter(const char **textp, char *name, size_t name_size,
			char *value, size_t value_size);

#endif
