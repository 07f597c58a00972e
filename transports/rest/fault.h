/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file fault.h  Why a request is refused
 *
 * Thread: that of the request that it belongs to.
 */
#ifndef BIFRONS_REST_FAULT_H
#define BIFRONS_REST_FAULT_H

#include "common/api_errors.h"
#include "common/opt.h"

struct rest_fault {
	enum api_err err;         /**< API_OK: none */
	char detail[320];         /**< "" = only the title */
	struct opt_faults faults; /**< what is wrong where, or empty */
	unsigned retry_after_s;   /**< 0 = no Retry-After */
};

/** Note a fault; the first one stays */
void rest_fault_set(struct rest_fault *fault, enum api_err err, const char *fmt,
		    ...) __attribute__((format(printf, 3, 4)));

/** Release what it holds */
void rest_fault_clear(struct rest_fault *fault);

#endif
