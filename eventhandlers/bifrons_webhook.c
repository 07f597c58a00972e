/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The adapter: all of Janus that the webhook module sees */
#include <glib.h>
#include <jansson.h>

#include <janus/events/eventhandler.h>

#include "common/gate.h"
#include "common/json.h"
#include "host/janus_abi.h"
#include "host/janus_log.h"
#include "webhook/config.h"
#include "webhook/courier.h"

enum {
	VERSION_NUMBER = 1
};

extern int janus_version; /* of the running core; in no installed header */

janus_eventhandler *create(void);

/* Janus has one handler of a kind per process and calls it without an
 * argument: what must be found again is here */
static struct courier *courier;
static struct gate gate = GATE_INIT;

static int on_init(const char *config_path)
{
	struct webhook_config *cfg = NULL;
	char *whys = NULL;
	char *path = NULL;
	char why[256];
	int err;

	log_set_sink(janus_log_sink);

	err = janus_abi_check(janus_version, JANUS_ABI_EVENTHANDLER,
			      JANUS_EVENTHANDLER_API_VERSION, why, sizeof(why));
	if (err) {
		log_error("webhook: %s", why);
		goto out;
	}

	path = g_strdup_printf("%s/janus.eventhandler.bifrons.jcfg",
			       config_path);
	err = webhook_config_load(&cfg, path, &whys);
	if (err) {
		log_error("webhook: %s", whys ? whys : path);
		goto out;
	}

	log_set_level(cfg->log_level);
	err = courier_start(&courier, &cfg->courier);
	if (err) {
		log_error("webhook: cannot start: %s", g_strerror(err));
		goto out;
	}
	gate_open(&gate);
out:
	webhook_config_free(cfg);
	g_free(whys);
	g_free(path);

	return err ? -1 : 0;
}

static void on_destroy(void)
{
	struct courier_stats stats;

	gate_close_and_wait(&gate);
	if (!courier)
		return;

	courier_stats(courier, &stats);
	courier = courier_stop(courier);
	log_info(
		"webhook: stopped at row %lld: of %llu events %llu deliveries, "
		"%llu delivered (%llu ms each), %llu tried again, %llu failed, "
		"%llu canceled",
		(long long)stats.row, (unsigned long long)stats.events,
		(unsigned long long)stats.matched,
		(unsigned long long)stats.delivered,
		(unsigned long long)(stats.delivered ? stats.latency_ms /
							       stats.delivered
						     : 0),
		(unsigned long long)stats.retried,
		(unsigned long long)stats.failed,
		(unsigned long long)stats.canceled);
}

/* Thread: core events. The event is not ours, whatever eventhandler.h says: the
 * core drops all references to it. Only the doorbell interests us */
static void on_event(json_t *event)
{
	const json_t *body = json_object_get(event, "event");
	const json_t *bell = json_object_get(body, "data");

	if (g_strcmp0(json_str(body, "plugin", NULL), "janus.plugin.bifrons") ==
		    0 &&
	    json_str(bell, "bifrons", NULL) && gate_enter(&gate)) {
		courier_ring(courier, json_int(bell, "row", 0));
		gate_leave(&gate);
	}
}

static int get_api(void)
{
	return JANUS_EVENTHANDLER_API_VERSION;
}

static int get_version(void)
{
	return VERSION_NUMBER;
}

static const char *get_version_string(void)
{
	return PACKAGE_VERSION;
}

static const char *get_description(void)
{
	return "Delivers the events of calls to customers' endpoints";
}

static const char *get_name(void)
{
	return "Bifrons webhooks";
}

static const char *get_author(void)
{
	return "The Bifrons developers";
}

static const char *get_package(void)
{
	return "janus.eventhandler.bifrons";
}

static janus_eventhandler handler =
	JANUS_EVENTHANDLER_INIT(.init = on_init, .destroy = on_destroy,
				.get_api_compatibility = get_api,
				.get_version = get_version,
				.get_version_string = get_version_string,
				.get_description = get_description,
				.get_name = get_name, .get_author = get_author,
				.get_package = get_package,
				.incoming_event = on_event,
				.events_mask = JANUS_EVENT_TYPE_PLUGIN, );

__attribute__((visibility("default"))) janus_eventhandler *create(void)
{
	return &handler;
}
