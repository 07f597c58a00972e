/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file render_fake.h  What render/ does, without children
 *
 * What a file holds says what becomes of it: "RIFF" and a number is so many
 * seconds of sound, "LONG" too long, "FULL" finds the disk full, "MUTE" holds
 * no sound; anything else cannot be decoded.
 *
 * Thread: render_fake_start() and _cancel() on the loop, all else any.
 */
#ifndef BIFRONS_TESTS_SUPPORT_RENDER_FAKE_H
#define BIFRONS_TESTS_SUPPORT_RENDER_FAKE_H

#include <pthread.h>
#include <stdbool.h>

#include "render/render.h"

enum {
	RENDER_FAKE_HELD = 64
};

struct render_fake_job;

struct render_fake {
	struct loop *loop;

	pthread_mutex_t mtx;
	pthread_cond_t cond;
	/* under mtx */
	bool hold;             /* jobs wait for render_fake_release() */
	unsigned refuse_after; /* so many starts work, then EAGAIN; 0 = all */
	unsigned starts, cancels;
	struct render_fake_job *held[RENDER_FAKE_HELD];
	unsigned nheld;
};

void render_fake_init(struct render_fake *fake);
void render_fake_clear(struct render_fake *fake);

/** For api_env; the struct render is the fake */
int render_fake_start(struct render_job **jobp, struct render *render,
		      const struct render_job_params *prm);
void render_fake_cancel(struct render_job *job);

void render_fake_hold(struct render_fake *fake);
/** Until so many are held */
void render_fake_wait_held(struct render_fake *fake, unsigned n);
/** Go on with all, and hold no more */
void render_fake_release(struct render_fake *fake);

#endif
