/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file address.h  Whom to call, or who calls: tel, sip, extension
 *
 * As text or as an object {type, target, name, trunk_id}:
 *
 * | type | text | target |
 * |---|---|---|
 * | tel | tel:+4520123456, tel:112, +4520123456 | E.164, or a short code of
 *   2 to 6 keys; blanks and -.() are left out |
 * | sip | sip:bob@example.com | sip:[user@]host[:port], with the parameters
 *   transport and user at most |
 * | extension | extension:1001@acme.test | name@domain, the domain in lower
 *   case |
 *
 * What comes out is safe to become part of a header or URI. Thread: any;
 * pure.
 */
#ifndef BIFRONS_COMMON_ADDRESS_H
#define BIFRONS_COMMON_ADDRESS_H

#include <jansson.h>

#include "common/id.h"
#include "common/opt.h"

enum {
	ADDRESS_TARGET_SIZE = 384,
	ADDRESS_NAME_SIZE = 129,
};

struct address {
	const char *type; /**< static: "tel", "sip", "extension" */
	char target[ADDRESS_TARGET_SIZE];
	char name[ADDRESS_NAME_SIZE]; /**< to be shown, UTF-8; "" = none */
	char trunk_id[ID_SIZE];       /**< the way out; "" = not said */
};

/** The object's members */
extern const struct opt address_opts[];

/** A text. @return NULL, or what is wrong (static); addr is set then only in
 * part
 */
const char *address_parse(struct address *addr, const char *text);

/** A text or an object, from outside.
 * @param pointer  Where it lies; faults get it
 * @return 0, or EINVAL with a fault added
 */
int address_read(struct address *addr, const json_t *in, const char *pointer,
		 struct opt_faults *faults);

/** {"type", "target", "name", "trunk_id"}, null for what is not said; new */
json_t *address_json(const struct address *addr);

/** opt.check: the text form */
const char *address_check(const char *value);
/** opt.check: the name of an extension ("1001") */
const char *address_check_extension(const char *value);

#endif
