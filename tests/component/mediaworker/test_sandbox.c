/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a job could try after it was taken over by a file */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mediaworker/sandbox.h"

enum {
	MAX_FILE = 100000,
	NO_SANDBOX = 99 /* exit code */
};

struct cell {
	int kept, other; /* descriptors */
	int dir;         /* for reading, or -1 */
};

typedef int(attempt_h)(const struct cell *cell);

/* Run it in a sandbox. @return exit code, or minus the signal */
static int attempt(attempt_h *fn, const char *read_dir)
{
	struct cell cell = {.dir = -1};
	int status = 0;
	pid_t pid;

	cell.kept = memfd_create("kept", 0);
	cell.other = memfd_create("other", 0);
	if (read_dir)
		cell.dir = open(read_dir, O_PATH | O_DIRECTORY);
	assert_true(cell.kept >= 0 && cell.other >= 0);

	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		const struct sandbox sb = {
			.base_memory = sandbox_memory_now(),
			.max_file = MAX_FILE,
			.keep = {cell.kept, -1, -1, -1, -1, -1, -1, -1},
			.read_dir = cell.dir,
		};

		if (sandbox_enter(&sb))
			_exit(NO_SANDBOX);
		_exit(fn(&cell));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(cell.kept);
	close(cell.other);
	if (cell.dir >= 0)
		close(cell.dir);

	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- what still works ---- */

static int compute(const struct cell *c)
{
	char *p = malloc(32 << 20);
	struct stat st;

	if (!p)
		return 1;
	memset(p, 1, 32 << 20);
	if (pwrite(c->kept, p, 1000, 0) != 1000 ||
	    pread(c->kept, p, 1000, 0) != 1000)
		return 2;
	if (fstat(c->kept, &st) || st.st_size != 1000)
		return 3;
	free(p);

	return 0;
}

static void test_work_can_be_done(void **state)
{
	assert_int_equal(attempt(compute, NULL), 0);
	assert_int_equal(attempt(compute, "/usr"), 0);
}

/* ---- what kills ---- */

static int try_socket(const struct cell *c)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0;
}

static int try_unix(const struct cell *c)
{
	int pair[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}

static int try_connect(const struct cell *c)
{
	const struct sockaddr_in to = {.sin_family = AF_INET};

	return connect(c->kept, (const struct sockaddr *)&to, sizeof(to));
}

static int try_exec(const struct cell *c)
{
	char *const argv[] = {(char *)"/bin/true", NULL};

	return execve("/bin/true", argv, NULL);
}

static int try_fork(const struct cell *c)
{
	const pid_t pid = fork();

	if (!pid)
		_exit(0);

	return pid < 0;
}

static int try_kill(const struct cell *c)
{
	return kill(getppid(), SIGTERM);
}

static int try_tgkill(const struct cell *c)
{
	const pid_t parent = (pid_t)1;

	return (int)syscall(SYS_tgkill, parent, parent, SIGTERM);
}

static int try_ptrace(const struct cell *c)
{
	return (int)ptrace(PTRACE_ATTACH, 1, NULL, NULL);
}

static int try_unlink(const struct cell *c)
{
	return unlink("/tmp/bifrons-no-such-file");
}

static int try_chmod(const struct cell *c)
{
	return fchmod(c->kept, 0777);
}

static int try_io_uring(const struct cell *c)
{
	return (int)syscall(425, 1, NULL);
}

static int try_new_code(const struct cell *c)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static void test_who_tries_is_killed(void **state)
{
	static attempt_h *const tries[] = {
		try_socket, try_unix,   try_connect, try_exec,  try_fork,
		try_kill,   try_ptrace, try_unlink,  try_chmod, try_io_uring,
	};
	size_t i;

	for (i = 0; i < sizeof(tries) / sizeof(tries[0]); ++i) {
		assert_int_equal(attempt(tries[i], NULL), -SIGSYS);
		assert_int_equal(attempt(tries[i], "/usr"), -SIGSYS);
	}
	if (SANDBOX_IS_SANITIZED)
		return; /* they do these themselves */
	assert_int_equal(attempt(try_tgkill, NULL), -SIGSYS);
	assert_int_equal(attempt(try_new_code, NULL), -SIGSYS);
}

/* ---- files ---- */

static int open_passwd(const struct cell *c)
{
	return open("/etc/passwd", O_RDONLY) < 0 ? errno : 0;
}

static int open_usr(const struct cell *c)
{
	return open("/usr/bin/env", O_RDONLY) < 0 ? errno : 0;
}

static int open_to_write(const struct cell *c)
{
	return open("/tmp", O_RDWR | O_TMPFILE, 0600) < 0 ? errno : 0;
}

static int open_to_make(const struct cell *c)
{
	return open("/usr/bifrons-x", O_RDONLY | O_CREAT, 0600) < 0 ? errno : 0;
}

static int use_other(const struct cell *c)
{
	char b;

	return read(c->other, &b, 1) < 0 ? errno : 0;
}

static void test_no_file_is_opened(void **state)
{
	assert_int_equal(attempt(open_passwd, NULL), EACCES);
	assert_int_equal(attempt(open_usr, NULL), EACCES);
}

static void test_below_a_folder_files_are_read(void **state)
{
	assert_int_equal(attempt(open_usr, "/usr"), 0);
	/* a kernel without Landlock reads what the user may read */
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1)
		assert_int_equal(attempt(open_passwd, "/usr"), EACCES);
}

static void test_no_file_is_written(void **state)
{
	if (!SANDBOX_IS_SANITIZED)
		assert_int_equal(attempt(open_to_write, NULL), EACCES);
	assert_int_equal(attempt(open_to_write, "/usr"), -SIGSYS);
	assert_int_equal(attempt(open_to_make, "/usr"), -SIGSYS);
}

static void test_other_descriptors_are_closed(void **state)
{
	assert_int_equal(attempt(use_other, NULL), EBADF);
	assert_int_equal(attempt(use_other, "/usr"), EBADF);
}

/* ---- bounds ---- */

static int write_much(const struct cell *c)
{
	static const char data[MAX_FILE];

	if (pwrite(c->kept, data, sizeof(data), 0) != MAX_FILE)
		return 1;

	return pwrite(c->kept, data, 1, MAX_FILE) < 0 ? errno : 0;
}

static int allocate_much(const struct cell *c)
{
	return mmap(NULL, (size_t)1 << 30, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
		       ? errno
		       : 0;
}

static int crash(const struct cell *c)
{
	abort();
}

static void test_bounds_hold(void **state)
{
	assert_int_equal(attempt(write_much, NULL), EFBIG);
	if (!SANDBOX_IS_SANITIZED)
		assert_int_equal(attempt(allocate_much, NULL), ENOMEM);
	assert_int_equal(attempt(crash, NULL), -SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work_can_be_done),
		cmocka_unit_test(test_who_tries_is_killed),
		cmocka_unit_test(test_no_file_is_opened),
		cmocka_unit_test(test_below_a_folder_files_are_read),
		cmocka_unit_test(test_no_file_is_written),
		cmocka_unit_test(test_other_descriptors_are_closed),
		cmocka_unit_test(test_bounds_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
