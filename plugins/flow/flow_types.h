/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file flow_types.h  The actions there are, and those to come
 *
 * Thread: any; tables are constant. Schema and Markdown of the actions
 * (flow_doc.h) are made from the same tables.
 */
#ifndef BIFRONS_FLOW_FLOW_TYPES_H
#define BIFRONS_FLOW_FLOW_TYPES_H

/** What to say of a type that action_type_find() does not know: that it comes
 * later, or which one may be meant; and which there are. g_free() it.
 */
char *flow_types_unknown(const char *name);

#endif
