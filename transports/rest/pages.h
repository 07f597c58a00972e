/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file pages.h  What the transport answers by itself
 *
 * The files of docs/ are compiled in (tools/embed makes docs_data.c of them).
 *
 * Thread: any; pure.
 */
#ifndef BIFRONS_REST_PAGES_H
#define BIFRONS_REST_PAGES_H

#include "rest/answer.h"

/** Answer a page. @param page  Not REST_PAGE_NONE */
void rest_page_answer(struct rest_answer *ans, enum rest_page page);

/** A file of docs/, compiled in */
struct rest_doc_file {
	const char *name; /**< "index.html" */
	const char *text;
};

/** Ends with a NULL name */
extern const struct rest_doc_file rest_doc_files[];

#endif
