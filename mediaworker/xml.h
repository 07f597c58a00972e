/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file xml.h  Markup cut into tags and text
 *
 * Pure. Forgiving: what is no tag is text. Comments, declarations and
 * processing instructions are skipped, CDATA and the entities of XML are
 * resolved; no others exist, so nothing can grow.
 */
#ifndef BIFRONS_MEDIAWORKER_XML_H
#define BIFRONS_MEDIAWORKER_XML_H

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

enum xml_kind {
	XML_TEXT,
	XML_OPEN,
	XML_CLOSE,
	XML_EMPTY, /**< an element that opens and closes in one */
};

enum {
	XML_NAME_MAX = 24 /**< longer ones are cut: none that is known */
};

struct xml_scan {
	/* inside; begin with xml_begin() */
	const char *p, *end;
	GString *text;

	/* the token; valid until the next one */
	enum xml_kind kind;
	char name[XML_NAME_MAX]; /**< of the element, without its namespace */
	const char *attrs;       /**< as written */
	size_t attrs_len;
};

void xml_begin(struct xml_scan *x, const char *text);
void xml_end(struct xml_scan *x);

/** @return false at the end; x->text has the text of XML_TEXT */
bool xml_next(struct xml_scan *x);

/** An attribute, by its name with its namespace ("xml:lang").
 * @return false: not there, or longer than out
 */
bool xml_attr(const struct xml_scan *x, const char *name, char *out,
	      size_t size);

#endif
