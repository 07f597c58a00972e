/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* With a sanitizer: it maps terabytes, and looks into /proc to report */
#define SANITIZED SANDBOX_IS_SANITIZED

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* What computing, and using the descriptors that are open, takes */
static const int allowed[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pwrite64),
	SCMP_SYS(lseek),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(futex),
	SCMP_SYS(alarm),
	SCMP_SYS(setitimer),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getrandom),
	SCMP_SYS(sysinfo),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_yield),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rseq),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
#if SANITIZED
	SCMP_SYS(mmap),
	SCMP_SYS(mprotect),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(getrlimit),
	SCMP_SYS(prlimit64),
	SCMP_SYS(readlink),
	SCMP_SYS(tgkill),
#endif
};

/* What libraries try, and do without */
static const struct {
	int nr, err;
} refused[] = {
	{SCMP_SYS(openat2), EACCES},    {SCMP_SYS(access), EACCES},
	{SCMP_SYS(faccessat), EACCES},  {SCMP_SYS(faccessat2), EACCES},
	{SCMP_SYS(stat), EACCES},       {SCMP_SYS(lstat), EACCES},
	{SCMP_SYS(statx), EACCES},      {SCMP_SYS(getcwd), EACCES},
	{SCMP_SYS(readlinkat), EACCES}, {SCMP_SYS(ioctl), ENOTTY},
#if !SANITIZED
	{SCMP_SYS(readlink), EACCES},
#endif
};

uint64_t sandbox_memory_now(void)
{
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	/* the first number; the kernel wrote it */
	if (fscanf(f, "%llu", &pages) != 1) /* NOLINT(cert-err34-c) */
		pages = 0;
	(void)fclose(f);

	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* ---- descriptors ---- */

static bool is_kept(const struct sandbox *sb, unsigned fd)
{
	size_t i;

	for (i = 0; i < SANDBOX_KEEP_MAX; ++i)
		if (sb->keep[i] >= 0 && (unsigned)sb->keep[i] == fd)
			return true;

	return sb->read_dir >= 0 && (unsigned)sb->read_dir == fd;
}

/* The first kept one from fd on, or ~0 */
static unsigned next_kept(const struct sandbox *sb, unsigned fd)
{
	unsigned best = ~0U;
	size_t i;

	for (i = 0; i < SANDBOX_KEEP_MAX; ++i)
		if (sb->keep[i] >= 0 && (unsigned)sb->keep[i] >= fd &&
		    (unsigned)sb->keep[i] < best)
			best = (unsigned)sb->keep[i];
	if (sb->read_dir >= 0 && (unsigned)sb->read_dir >= fd &&
	    (unsigned)sb->read_dir < best)
		best = (unsigned)sb->read_dir;

	return best;
}

static int close_others(const struct sandbox *sb)
{
	unsigned fd = STDERR_FILENO + 1, next;

	for (;;) {
		while (is_kept(sb, fd))
			++fd;
		next = next_kept(sb, fd);
		if (close_range(fd, next == ~0U ? ~0U : next - 1, 0))
			return errno;
		if (next == ~0U)
			return 0;
		fd = next;
	}
}

/* ---- bounds ---- */

static int limit(int what, uint64_t value, uint64_t hard)
{
	const struct rlimit lim = {.rlim_cur = value, .rlim_max = hard};

	return setrlimit(what, &lim) ? errno : 0;
}

static int set_limits(const struct sandbox *sb)
{
	int err;

	/* over the size write() says EFBIG */
	(void)signal(SIGXFSZ, SIG_IGN);
	err = limit(RLIMIT_CORE, 0, 0);
	if (!err)
		err = limit(RLIMIT_CPU, SANDBOX_CPU_S, SANDBOX_CPU_S + 2);
	if (!err)
		err = limit(RLIMIT_FSIZE, sb->max_file, sb->max_file);
	if (!err)
		err = limit(RLIMIT_NOFILE, 64, 64);
	if (!err && !SANITIZED)
		err = limit(RLIMIT_AS, sb->base_memory + SANDBOX_MEMORY,
			    sb->base_memory + SANDBOX_MEMORY);

	return err;
}

/* ---- Landlock: no path leads anywhere ---- */

/* A kernel without it, or a container that forbids it, still has seccomp
 * below. @return 0 or errno */
static int lock_files(const struct sandbox *sb)
{
	const struct landlock_ruleset_attr attr = {
		/* the rights of its first version: all kernels know them */
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};
	const struct landlock_path_beneath_attr below = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE |
				  LANDLOCK_ACCESS_FS_READ_DIR,
		.parent_fd = sb->read_dir,
	};
	int fd, err = 0;

	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM
			       ? 0
			       : errno;

	if (sb->read_dir >= 0 && syscall(SYS_landlock_add_rule, fd,
					 LANDLOCK_RULE_PATH_BENEATH, &below, 0))
		err = errno;
	if (!err && syscall(SYS_landlock_restrict_self, fd, 0))
		err = errno;
	close(fd);

	return err;
}

/* ---- seccomp: what is not listed kills ---- */

/* Files: to read at most (Landlock says which) */
static int add_reading_rules(scmp_filter_ctx ctx)
{
	const uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND |
				 (O_TMPFILE & ~O_DIRECTORY);
	int err;

	err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
			       SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
	if (!err)
		err = seccomp_rule_add(
			ctx, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
			SCMP_A1(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
	/* to see whether a file is there, and how long it is */
	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
				       SCMP_SYS(newfstatat), 0);

	return err;
}

static int add_no_reading_rules(scmp_filter_ctx ctx)
{
	const scmp_datum_t empty = AT_EMPTY_PATH;
	int err;

	err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat),
			       0);
	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES),
				       SCMP_SYS(open), 0);
	/* fstat(3) is this, with a descriptor and an empty path */
	if (!err)
		err = seccomp_rule_add(
			ctx, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
			SCMP_A3(SCMP_CMP_MASKED_EQ, empty, empty));
	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES),
				       SCMP_SYS(newfstatat), 1,
				       SCMP_A3(SCMP_CMP_MASKED_EQ, empty, 0));

	return err;
}

static int add_memory_rules(scmp_filter_ctx ctx)
{
	int err;

	/* data never becomes code */
	err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
			       SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!err)
		err = seccomp_rule_add(
			ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* abort(), but nobody else */
	if (!err)
		err = seccomp_rule_add(
			ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));

	return err;
}

static int add_rules(scmp_filter_ctx ctx, bool reading)
{
	int err = 0;
	size_t i;

	for (i = 0; !err && i < LENGTH(allowed); ++i)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
	for (i = 0; !err && i < LENGTH(refused); ++i)
		err = seccomp_rule_add(ctx,
				       SCMP_ACT_ERRNO((uint32_t)refused[i].err),
				       refused[i].nr, 0);
	if (!err && !SANITIZED)
		err = add_memory_rules(ctx);
	if (err)
		return err;

	return reading || SANITIZED ? add_reading_rules(ctx)
				    : add_no_reading_rules(ctx);
}

static int filter_calls(bool reading)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err;

	if (!ctx)
		return ENOMEM;

	err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
			       SCMP_ACT_KILL_PROCESS);
	if (!err)
		err = add_rules(ctx, reading);
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);

	return -err;
}

int sandbox_enter(const struct sandbox *sb)
{
	int err;

	err = close_others(sb);
	if (!err)
		err = set_limits(sb);
	if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err = errno;
	if (!err)
		err = lock_files(sb);
	if (!err && sb->read_dir >= 0)
		close(sb->read_dir);
	if (!err)
		err = filter_calls(sb->read_dir >= 0);

	return err;
}
