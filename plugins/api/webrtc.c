/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a browser must know before it can speak */

#include <inttypes.h>
#include <string.h>

#include "api/api_priv.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"

enum {
	TURN_LIFE_S = 12 * 3600 /* a call lasts 4 h at most */
};

static const struct opt url_item[] = {{.type = OPT_STRING}};

static const struct opt server_opts[] = {
	{
		.name = "urls",
		.type = OPT_ARRAY,
		.flags = OPT_READ,
		.sub = url_item,
		.doc = "`stun:` and `turn:` URLs.",
	},
	{
		.name = "username",
		.type = OPT_STRING,
		.flags = OPT_READ,
		.doc = "Of TURN, limited in time.",
	},
	{
		.name = "credential",
		.type = OPT_STRING,
		.flags = OPT_READ,
		.doc = "Of TURN.",
	},
	OPT_END,
};

static const struct opt server_item[] = {
	{.type = OPT_OBJECT, .sub = server_opts},
};

static const struct opt config_opts[] = {
	{
		.name = "ws_url",
		.type = OPT_STRING,
		.flags = OPT_READ,
		.doc = "Where Janus's WebSocket is.",
	},
	{
		.name = "ice_servers",
		.type = OPT_ARRAY,
		.flags = OPT_READ,
		.sub = server_item,
		.doc = "As RTCPeerConnection takes them.",
	},
	OPT_END,
};

static json_t *stun_server(const char *host)
{
	char *url = g_strdup_printf("stun:%s", host);
	json_t *server = json_pack("{s:[s]}", "urls", url);

	g_free(url);

	return server;
}

/** The user is the end of its time and who asked; the password follows from
 * it and the secret that the TURN server shares (draft-uberti-behave-turn-rest)
 */
static json_t *turn_server(const struct api_env *env, const char *who)
{
	const int64_t until_s =
		clock_wall_ms(clock_system()) / 1000 + TURN_LIFE_S;
	char *user = g_strdup_printf("%" PRId64 ":%s", until_s, who);
	char *udp = g_strdup_printf("turn:%s?transport=udp", env->turn);
	char *tcp = g_strdup_printf("turn:%s?transport=tcp", env->turn);
	uint8_t mac[20];
	char *password;
	json_t *server;

	secret_hmac_sha1(mac, env->turn_secret, strlen(env->turn_secret), user,
			 strlen(user));
	password = str_base64(mac, sizeof(mac));
	server = json_pack("{s:[s, s], s:s, s:s}", "urls", udp, tcp, "username",
			   user, "credential", password);
	g_free(password);
	g_free(tcp);
	g_free(udp);
	g_free(user);

	return server;
}

static json_t *read_config(struct req *req)
{
	const struct api_env *env = &req->api->env;
	json_t *servers = json_array(), *ok = json_object();

	if (env->stun)
		json_array_append_new(servers, stun_server(env->stun));
	if (env->turn && env->turn_secret)
		json_array_append_new(servers, turn_server(env, req->key_id));
	json_set_str(ok, "ws_url", env->ws_url);
	json_object_set_new(ok, "ice_servers", servers);

	return api_ok(ok);
}

const struct verb api_verb_webrtc_config = {
	.summary = "What a browser needs to call",
	.about = "Any key or device token opens it.",
	.reply = config_opts,
	.reply_name = "WebrtcConfig",
	.read = read_config,
};
