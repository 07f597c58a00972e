/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sofia opens its UDP sockets deep inside and shows them to one kind of guest
 * only: a STUN server plugged into its transports. So we are one, that serves
 * no STUN and keeps the descriptors, for answers without a transaction
 * (reply.c). They stay sofia's. Its headers want this order. */
#include <sofia-sip/su_wait.h>

#include <sofia-sip/msg_addr.h>

#include <sofia-sip/tport.h>

#include <sofia-sip/su_tag_class.h>
#include <sofia-sip/tport_plugins.h>

#include <errno.h>

#include "sipx_priv.h"

struct sipx_sockets {
	int fds[SIPX_SOCKETS_MAX];
	size_t n;
};

static const struct tag_type_s tag_sockets[1] = {
	{NULL, "sipx_sockets", ptr_tag_class, 0}};

tag_type_t sipx_sockets_tag(void)
{
	return tag_sockets;
}

static tport_stun_server_t *on_create(su_root_t *root, const tagi_t *tags)
{
	const tagi_t *tag = tl_find(tags, tag_sockets);

	return tag ? (tport_stun_server_t *)tag->t_value : NULL;
}

static void on_destroy(tport_stun_server_t *server)
{
	((struct sipx_sockets *)server)->n = 0;
}

static int on_add(tport_stun_server_t *server, su_socket_t fd)
{
	struct sipx_sockets *sockets = (struct sipx_sockets *)server;

	if (sockets->n < SIPX_SOCKETS_MAX)
		sockets->fds[sockets->n++] = fd;

	return 0;
}

static int on_remove(tport_stun_server_t *server, su_socket_t fd)
{
	struct sipx_sockets *sockets = (struct sipx_sockets *)server;
	size_t i;

	for (i = 0; i < sockets->n; ++i)
		if (sockets->fds[i] == fd)
			sockets->fds[i--] = sockets->fds[--sockets->n];

	return 0;
}

static void on_stun(tport_stun_server_t *server, su_socket_t fd, void *msg,
		    ssize_t len, void *addr, socklen_t addrlen)
{
	/* nothing of ours sends STUN to the SIP port */
}

int sipx_sockets_alloc(struct sipx_sockets **socketsp)
{
	/* sofia keeps the table for good, and wants it larger than it is */
	static const tport_stun_server_vtable_t table = {
		.vst_size = sizeof(table) + 1,
		.vst_create = on_create,
		.vst_destroy = on_destroy,
		.vst_add_socket = on_add,
		.vst_remove_socket = on_remove,
		.vst_request = on_stun,
	};

	/* EEXIST: ours, from an earlier stack, as nobody else is here */
	if (tport_plug_in_stun_server(&table) && errno != EEXIST)
		return errno;
	*socketsp = obj_zalloc(sizeof(**socketsp), NULL);

	return 0;
}

size_t sipx_sockets_count(const struct sipx_sockets *sockets)
{
	return sockets->n;
}

int sipx_sockets_fd(const struct sipx_sockets *sockets, size_t i)
{
	return sockets->fds[i];
}
