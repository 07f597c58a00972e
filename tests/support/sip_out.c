/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/sip_out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct leg_dial sout_number = {
	.type = "tel",
	.target = "+4533445566",
	.trunk_id = SRIG_TRUNK,
	.source_type = "tel",
	.source = "+4520123456",
	.source_name = "Acme \"A/S\"",
};

void sout_trunk(struct sout *out, const char *more)
{
	char text[1536];

	snprintf(
		text, sizeof(text),
		"'hosts':[{'host':'127.0.0.1','port':%u,'transport':'%s'}]%s%s",
		out->callee.peer.port, out->callee.peer.tcp ? "tcp" : "udp",
		more ? "," : "", more ? more : "");
	srig_trunk(&out->rig, text);
}

struct sout *sout_open(const struct srig_params *prm, bool tcp)
{
	struct sout *out = calloc(1, sizeof(*out));

	assert_non_null(out);
	srig_open(&out->rig, prm);
	scallee_open(&out->callee, out->rig.port, tcp);
	sout_trunk(out, prm->trunk);

	return out;
}

void sout_close(struct sout *out)
{
	srig_close(&out->rig);
	scallee_close(&out->callee);
	free(out);
}

bool sout_has(const char *msg, const char *name, const char *part)
{
	char value[512];

	return strstr(speer_header(msg, name, value, sizeof(value)), part);
}

struct srig_leg *sout_dial(struct sout *out, const struct leg_dial *dial)
{
	struct srig_leg *leg = srig_dial(&out->rig, dial);

	assert_non_null(leg);
	assert_non_null(scallee_invited(&out->callee));

	return leg;
}

struct srig_leg *sout_up(struct sout *out)
{
	struct srig_leg *leg = sout_dial(out, &sout_number);

	scallee_accept(&out->callee);
	assert_non_null(scallee_wait(&out->callee, "ACK"));
	assert_true(srig_wait(&out->rig, &leg->answered, 1));

	return leg;
}

void sout_down(struct sout *out, struct srig_leg *leg)
{
	scallee_request(&out->callee, "BYE", "", NULL, "");
	assert_int_equal(scallee_response(&out->callee), 200);
	assert_true(srig_wait(&out->rig, &leg->closed, 1));
}

void sout_expect_bye(struct sout *out)
{
	assert_non_null(scallee_wait(&out->callee, "BYE"));
	speer_reply(&out->callee.peer, 200, "OK");
}
