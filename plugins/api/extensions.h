/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file extensions.h  Extensions, as their device tokens see them
 *
 * Thread: as verbs.
 */
#ifndef BIFRONS_API_EXTENSIONS_H
#define BIFRONS_API_EXTENSIONS_H

#include "api/resource.h"

extern const struct resource api_extensions;

#endif
