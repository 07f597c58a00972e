/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file voices.h  The two engines that speak
 *
 * Thread: the process's only one. Both engines are libraries with state of
 * their own: what is loaded before the fork is in it.
 */
#ifndef BIFRONS_MEDIAWORKER_VOICES_H
#define BIFRONS_MEDIAWORKER_VOICES_H

struct job;

/** What espeak-ng has told about itself; zeroed = it is not there */
struct voices {
	int dir;          /**< its data folder (O_PATH) */
	const char *path; /**< likewise */
	int rate;         /**< Hz */
	const void *list; /**< espeak_VOICE **, NULL-ended */
};

/** Load what both need. In the supervisor. */
void voices_load(struct voices *v);

/** Speak job->text; they fill in job->rep when it fails */
void voices_flite(struct job *job);
void voices_espeak(struct job *job);

#endif
