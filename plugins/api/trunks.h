/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file trunks.h  The members of a trunk (contract section 7)
 *
 * Thread: any; constant.
 */
#ifndef BIFRONS_API_TRUNKS_H
#define BIFRONS_API_TRUNKS_H

#include "common/opt.h"

extern const struct opt api_trunk_opts[];

#endif
