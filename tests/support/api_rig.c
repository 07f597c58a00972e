/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "support/api_rig.h"
#include "store/backend.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call/call.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "host/db.h"
#include "loop/loop.h"
#include "loop/worker.h"
#include "record/record.h"
#include "store/store.h"

static void must(int err, const char *what)
{
	if (!err)
		return;

	fprintf(stderr, "api_rig: %s: %s\n", what, g_strerror(err));
	abort();
}

static void build(void *arg) /* Thread: loop */
{
	struct api_rig *rig = arg;
	const struct call_env env = {
		.timers = loop_timers(rig->loop),
		.clock = clock_system(),
		.store = rig->store,
		.dir = rig->directory,
		.events = &rig->events,
		.ring_timeout_s = 60,
		.max_duration_s = 3600,
		.media = rig->media,
		.recorder = rig->recorder,
	};

	must(directory_load(rig->directory, store_db(rig->store)), "load");
	must(call_table_alloc(&rig->calls, &env), "calls");
}

static bool ready(void *arg, json_t *checks)
{
	json_object_set_new(checks, "store", json_true());

	return true;
}

static char *metrics(void *arg)
{
	return g_strdup("up 1\n");
}

static bool text_row(void *arg, const struct db_row *row)
{
	str_copy(arg, ID_SIZE, db_text(row, 0));

	return false;
}

static void ring(void *arg, int64_t row) /* Thread: store */
{
	struct api_rig *rig = arg;

	++rig->rings;
}

static void start_real(struct api_rig *rig, struct api_env *env)
{
	const struct render_params prm = {
		.loop = rig->loop,
		.program = rig->program,
	};

	must(render_start(&rig->real, &prm), rig->program);
	env->render = rig->real;
	env->render_start = render_job_start;
	env->render_cancel = render_job_cancel;
}

static void start(struct api_rig *rig)
{
	const struct store_params prm = {
		.path = rig->path,
		.backup_dir = rig->dir,
		.committed = ring,
		.arg = rig,
	};
	struct api_env env = {
		.data_dir = rig->dir,
		.media_quota_bytes = rig->media_quota_bytes
					     ? rig->media_quota_bytes
					     : 1 << 20,
		.flow_quota_bytes = rig->flow_quota_bytes
					    ? rig->flow_quota_bytes
					    : 64 << 20,
		.media_deadline_ms = rig->media_deadline_ms,
		.render = (struct render *)&rig->render,
		.render_start = render_fake_start,
		.render_cancel = render_fake_cancel,
		.arg = rig,
		.node_id = "test",
		.bind = "127.0.0.1",
		.deadline_ms = rig->deadline_ms ? rig->deadline_ms : 60000,
		.ready = ready,
		.metrics = metrics,
		.key = rig->key,
	};
	struct recorder_params record = {.data_dir = rig->dir, .flush_ms = 20};
	char *why = NULL;
	int err;

	rig->events.node_id = "test";
	rig->events.clock = clock_system();
	must(loop_start(&rig->loop, clock_system()), "loop");
	err = store_open_backend(&rig->store, rig->loop, &prm,
				 rig->backend ? rig->backend : &store_sqlite,
				 &why);
	must(err, why ? why : "store");
	must(directory_alloc(&rig->directory), "directory");
	record.loop = rig->loop;
	if (rig->records)
		must(recorder_start(&rig->recorder, &record), "recorder");
	must(loop_call(rig->loop, "build", build, rig), "build");

	must(workers_start(&rig->workers, rig->loop, 2, 64), "workers");

	env.loop = rig->loop;
	env.workers = rig->workers;
	rig->render.loop = rig->loop;
	if (rig->program)
		start_real(rig, &env);
	env.store = rig->store;
	env.dir = rig->directory;
	env.calls = rig->calls;
	must(api_alloc(&rig->api, &env), "api");
	must(api_media_recover(rig->api), "recover");
	must(api_recordings_recover(rig->api), "recover");
	must(api_bootstrap(rig->api, API_RIG_KEY, rig->demo), "bootstrap");
	must(db_read(store_db(rig->store), "SELECT id FROM account", NULL, 0,
		     text_row, rig->account_id),
	     "account");
}

void api_rig_open(struct api_rig *rig)
{
	str_copy(rig->dir, sizeof(rig->dir), "/tmp/bifrons-api-XXXXXX");
	must(mkdtemp(rig->dir) ? 0 : EIO, "mkdtemp");
	g_snprintf(rig->path, sizeof(rig->path), "%s/store.sqlite", rig->dir);
	secret_random(rig->key, sizeof(rig->key));
	render_fake_init(&rig->render);
	start(rig);
}

static void drop(void *arg) /* Thread: loop */
{
	struct api_rig *rig = arg;

	rig->calls = obj_unref(rig->calls);
	rig->directory = obj_unref(rig->directory);
}

static void settle(void *arg)
{
	(void)arg;
}

static void stop(struct api_rig *rig)
{
	api_close(rig->api);
	rig->real = render_stop(rig->real);
	api_close(rig->api); /* what that canceled has ended */
	/* as app_stop(): what the loop still runs finds these stopped */
	(void)workers_stop(obj_ref(rig->workers));
	rig->recorder = recorder_stop(rig->recorder);
	/* what that told the loop is written */
	loop_call(rig->loop, "settle", settle, rig);
	(void)store_close(obj_ref(rig->store));
	loop_call(rig->loop, "drop", drop, rig);
	rig->loop = loop_stop(rig->loop);
	rig->workers = obj_unref(rig->workers);
	rig->store = obj_unref(rig->store);
	rig->api = obj_unref(rig->api);
}

void api_rig_restart(struct api_rig *rig)
{
	stop(rig);
	start(rig);
}

static void remove_tree(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		char *inner = g_build_filename(path, name, NULL);

		if (g_file_test(inner, G_FILE_TEST_IS_DIR) &&
		    !g_file_test(inner, G_FILE_TEST_IS_SYMLINK))
			remove_tree(inner);
		else
			g_unlink(inner);
		g_free(inner);
	}
	if (dir)
		g_dir_close(dir);
	g_rmdir(path);
}

void api_rig_close(struct api_rig *rig)
{
	stop(rig);
	render_fake_clear(&rig->render);
	remove_tree(rig->dir);
}

json_t *api_rig_ask(struct api_rig *rig, const struct api_ask *ask)
{
	const char *scope = ask->scope ? ask->scope : "platform";
	const char *account =
		ask->account_id ? ask->account_id : rig->account_id;
	json_t *query, *reply;
	char *hash = NULL;

	query = json_pack("{s:s, s:{s:s, s:s, s:[s], s:b}}", "verb", ask->verb,
			  "auth", "account_id", account, "key_id",
			  ask->key_id ? ask->key_id : account, "scopes", scope,
			  "platform", str_eq(scope, "platform"));
	if (ask->request_id)
		json_set_str(query, "request_id", ask->request_id);
	if (ask->id)
		json_object_set_new(query, "path",
				    json_pack("{s:s, s:s*}", "id", ask->id,
					      "delivery_id", ask->delivery_id));
	if (ask->query)
		json_object_set_new(query, "query", ask->query);
	if (ask->idem_key) {
		hash = ask->body ? json_dumps(ask->body, JSON_COMPACT) : NULL;
		json_object_set_new(
			query, "idempotency",
			json_pack("{s:s, s:s}", "key", ask->idem_key, "hash",
				  ask->idem_hash               ? ask->idem_hash
				  : hash && strlen(hash) < 100 ? hash
							       : "none"));
		free(hash);
	}
	if (ask->body)
		json_object_set_new(query, "body", ask->body);

	reply = api_dispatch(rig->api, query);
	json_decref(query);

	return reply;
}

json_t *api_rig_ok(json_t *reply)
{
	json_t *ok = json_incref(json_object_get(reply, "ok"));
	char *text;

	if (!ok) {
		text = json_dumps(reply, JSON_INDENT(1));
		fprintf(stderr, "api_rig: not ok: %s\n", text);
		abort();
	}
	json_decref(reply);

	return ok;
}

const char *api_rig_code(json_t *reply)
{
	static _Thread_local char code[64];

	str_copy(code, sizeof(code),
		 json_str(json_object_get(reply, "error"), "code", ""));
	json_decref(reply);

	return code;
}

char *api_rig_pointers(json_t *reply)
{
	const json_t *errors =
		json_object_get(json_object_get(reply, "error"), "errors");
	GString *out = g_string_new(NULL);
	json_t *fault;
	size_t i;

	json_array_foreach(errors, i, fault)
	{
		g_string_append_printf(out, "%s%s", i ? " " : "",
				       json_str(fault, "pointer", "?"));
	}
	json_decref(reply);

	return g_string_free(out, FALSE);
}

json_t *api_rig_make(struct api_rig *rig, const char *verb,
		     const char *account_id, json_t *body)
{
	const struct api_ask ask = {
		.verb = verb, .account_id = account_id, .body = body};

	return api_rig_ok(api_rig_ask(rig, &ask));
}

json_t *api_rig_file(struct api_rig *rig, const char *content, const char *name)
{
	char *tmp = g_build_filename(rig->dir, "tmp", NULL), *path, *relative;
	char hex[33], sha256[SECRET_SHA256_HEX];
	const size_t len = strlen(content);
	uint8_t bytes[16];
	json_t *body;

	must(g_mkdir_with_parents(tmp, 0700), "tmp");
	secret_random(bytes, sizeof(bytes));
	str_hex(hex, bytes, sizeof(bytes));
	relative = g_strconcat("tmp/upload-", hex, NULL);
	path = g_build_filename(rig->dir, relative, NULL);
	must(!g_file_set_contents(path, content, (gssize)len, NULL), path);
	secret_sha256_hex(sha256, content, len);
	body = json_pack("{s:s, s:I, s:s}", "path", relative, "size_bytes",
			 (json_int_t)len, "sha256", sha256);
	if (name)
		json_set_str(body, "name", name);
	g_free(path);
	g_free(relative);
	g_free(tmp);

	return body;
}

json_t *api_rig_upload(struct api_rig *rig, const char *content,
		       const char *name)
{
	return api_rig_make(rig, "media.create", NULL,
			    api_rig_file(rig, content, name));
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *api_rig_folder(struct api_rig *rig, const char *folder)
{
	char *path = g_build_filename(rig->dir, folder, NULL), *text;
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir)))
		g_ptr_array_add(names, g_strdup(name));
	if (dir)
		g_dir_close(dir);
	g_ptr_array_sort(names, by_name);
	g_ptr_array_add(names, NULL);
	text = g_strjoinv(" ", (char **)names->pdata);
	g_ptr_array_unref(names);
	g_free(path);

	return text;
}

static bool int_row(void *arg, const struct db_row *row)
{
	*(int64_t *)arg = db_int(row, 0);

	return false;
}

int64_t api_rig_count(struct api_rig *rig, const char *sql)
{
	int64_t n = -1;

	must(db_read(store_db(rig->store), sql, NULL, 0, int_row, &n), sql);

	return n;
}

static bool keep_text(void *arg, const struct db_row *row)
{
	*(char **)arg = g_strdup(db_text(row, 0));

	return false;
}

char *api_rig_text(struct api_rig *rig, const char *sql, const char *param)
{
	const struct db_value params[] = {DB_S(param)};
	char *text = NULL;

	must(db_read(store_db(rig->store), sql, params, param ? 1 : 0,
		     keep_text, &text),
	     sql);

	return text;
}

struct writing {
	struct api_rig *rig;
	struct store_tx *tx;
	pthread_mutex_t mtx;
	pthread_cond_t cond;
	bool done;
	int err;
};

static void written(void *arg, int err, const char *why) /* Thread: loop */
{
	struct writing *writing = arg;

	pthread_mutex_lock(&writing->mtx);
	writing->done = true;
	writing->err = err;
	pthread_cond_signal(&writing->cond);
	pthread_mutex_unlock(&writing->mtx);
}

static void commit(void *arg) /* Thread: loop */
{
	struct writing *writing = arg;

	store_commit(writing->rig->store, writing->tx, written, writing);
}

void api_rig_write(struct api_rig *rig, const char *sql,
		   const struct db_value *params, size_t nparams)
{
	struct writing writing = {
		.rig = rig,
		.tx = store_tx_new(),
		.mtx = PTHREAD_MUTEX_INITIALIZER,
		.cond = PTHREAD_COND_INITIALIZER,
	};

	store_tx_add(writing.tx, STORE_ANY, sql, params, nparams);
	must(loop_call(rig->loop, "write", commit, &writing), "loop_call");
	pthread_mutex_lock(&writing.mtx);
	while (!writing.done)
		pthread_cond_wait(&writing.cond, &writing.mtx);
	pthread_mutex_unlock(&writing.mtx);
	must(writing.err, sql);
}

void api_rig_on_loop(struct api_rig *rig, void (*fn)(void *arg), void *arg)
{
	must(loop_call(rig->loop, "test", fn, arg), "loop_call");
}
