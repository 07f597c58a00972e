/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file sandbox.h  What a job may still do: compute, and use what it holds
 *
 * Thread: the process's only one. No way back. After it there are no new
 * descriptors of any kind (but files below one folder, to read), no sockets,
 * no processes, no other programs, no signals to others; memory, time and the
 * size of files are bounded. Whoever tries is killed; a library that only
 * looks for a file is told EACCES.
 */
#ifndef BIFRONS_MEDIAWORKER_SANDBOX_H
#define BIFRONS_MEDIAWORKER_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX_IS_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_IS_SANITIZED
#define SANDBOX_IS_SANITIZED 0 /**< 1: looser, the sanitizers need it */
#endif

enum {
	SANDBOX_CPU_S = 60,
	SANDBOX_MEMORY = 256 << 20, /**< more than base_memory */
	SANDBOX_KEEP_MAX = 8,
};

struct sandbox {
	uint64_t base_memory;       /**< address space in use already */
	uint64_t max_file;          /**< bytes that may be written to one */
	int keep[SANDBOX_KEEP_MAX]; /**< descriptors that stay; others are
				     * closed, -1 is skipped */
	int read_dir;               /**< O_PATH: files below it may be read; -1:
				     * none. Closed. */
};

/** Address space of this process, bytes */
uint64_t sandbox_memory_now(void);

/** @return 0 or errno: then do not go on */
int sandbox_enter(const struct sandbox *sb);

#endif
