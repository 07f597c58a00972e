/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file obj.h  Counted objects with destructors
 *
 * A reference is for keeping an object past a callback or for crossing
 * threads; inside one thread the parent owns. Counts are atomic, the
 * destructor runs on the thread that drops the last reference. Memory aborts
 * (GLib), so nothing here returns NULL for want of it.
 */
#ifndef BIFRONS_COMMON_OBJ_H
#define BIFRONS_COMMON_OBJ_H

#include <stddef.h>

typedef void(obj_dtor_h)(void *obj);

/** Make a zeroed object with one reference.
 * @param dtor  Called once with the object before it is freed, or NULL; must
 *              cope with a half-made object
 */
void *obj_zalloc(size_t size, obj_dtor_h *dtor);

/** Take one more reference. @return obj */
void *obj_ref(void *obj);

/** Drop one reference; NULL is allowed.
 * @return Always NULL, so: p = obj_unref(p);
 */
void *obj_unref(void *obj);

#endif
