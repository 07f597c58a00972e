#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2034,SC2154 # used by, and set by, who sources it
#
# What ./run and ./check share: steps with their time, raw output in logs,
# packages. Sourced, with `root` set to the project's folder.

# packages to build and run, and what tests need besides
packages_run=(build-essential autoconf automake libtool pkg-config git
	ca-certificates curl util-linux janus janus-dev libjansson-dev
	libglib2.0-dev libsofia-sip-ua-dev libmicrohttpd-dev libgnutls28-dev
	libcurl4-openssl-dev libsqlite3-dev libconfig-dev libopus-dev
	libogg-dev libmp3lame-dev libspeexdsp-dev libspandsp-dev libtiff-dev
	libssl-dev libsrtp2-dev libnice-dev libavformat-dev libavcodec-dev libavutil-dev
	libswresample-dev flite1-dev libespeak-ng-dev espeak-ng-data
	libseccomp-dev tzdata)
packages_check=(libcmocka-dev clang-14 clang-tidy-14 clang-format-14
	libclang-rt-14-dev llvm-14 shellcheck sip-tester baresip-core sox
	python3 sqlite3 gdb procps iproute2 xz-utils chromium
	fonts-dejavu-core ffmpeg pocketsphinx pocketsphinx-en-us)

log_dir=$root/build/log
started=$EPOCHREALTIME

# elapsed [SINCE]: seconds with one decimal
elapsed() {
	local us=$((${EPOCHREALTIME/[.,]/} - ${1:-$started}))
	printf '%d.%d' $((us / 1000000)) $((us / 100000 % 10))
}
started=${started/[.,]/}

say() {
	printf '%s\n' "$*"
}

# die WHAT [WHAT TO DO]...
die() {
	printf '\n%s: %s\n' "${0##*/}" "$1" >&2
	shift
	[ $# -eq 0 ] || printf '  %s\n' "$@" >&2
	exit 1
}

# log_tail FILE [LINES]: its end, for a person
log_tail() {
	printf '\n---- the end of %s ----\n' "$1" >&2
	tail -n "${2:-30}" "$1" >&2 || true
	printf -- '----\n' >&2
}

# step NAME TEXT ADVICE COMMAND...: run it with its output in NAME.log, say
# how long it took; on failure show the log's end and what to do, and exit
step() {
	local name=$1 text=$2 advice=$3 log=$log_dir/$1.log
	shift 3
	try_step "$name" "$text" "$@" && return
	log_tail "$log"
	die "$text failed" "$advice" "All of it: $log"
}

# try_step NAME TEXT COMMAND...: as step, but the caller decides
try_step() {
	local name=$1 text=$2 log=$log_dir/$1.log begin=${EPOCHREALTIME/[.,]/}
	shift 2
	mkdir -p "$log_dir"
	printf '[%7s s] %s ... ' "$(elapsed)" "$text"
	if "$@" >"$log" 2>&1 </dev/null; then
		printf 'done (%s s)\n' "$(elapsed "$begin")"
		return 0
	fi
	printf 'FAILED (%s s)\n' "$(elapsed "$begin")"
	return 1
}

# missing_packages PACKAGE...: those that are not installed
missing_packages() {
	local p installed
	installed=$(dpkg-query -W -f '${db:Status-Status} ${binary:Package}\n' \
		"$@" 2>/dev/null | sed -n 's/^installed \([^:]*\).*/\1/p') || true
	for p; do
		grep -qxF -- "$p" <<<"$installed" || printf '%s\n' "$p"
	done
}

# install_packages WHY PACKAGE...
install_packages() {
	local why=$1 janus=
	local -a missing as_root=()
	shift

	if ! command -v dpkg-query >/dev/null; then
		say "This is not Debian: the packages that it needs are taken for" \
			"granted ($*)"
		return
	fi
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0

	say "Not installed yet ($why): ${missing[*]}"
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null ||
			die "these packages must be installed by root" \
				"apt-get install ${missing[*]}"
		say "Root is needed to install them (sudo apt-get install)"
		as_root=(sudo)
	fi
	case " ${missing[*]} " in *' janus '*) janus=new ;; esac

	step packages-lists "Package lists" \
		"Is the network up? See /etc/apt/sources.list" \
		"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get -q update
	step packages "Installing ${#missing[@]} packages" \
		"Does this machine run Debian 12 (bookworm)? Try: apt-get install ${missing[*]}" \
		"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y --no-install-recommends install "${missing[@]}"

	# Debian starts a Janus of its own, on the ports of ours
	if [ "$janus" = new ] && [ -d /run/systemd/system ]; then
		say "Debian's janus.service is switched off: ./run starts its own"
		"${as_root[@]}" systemctl disable --now janus.service || true
	fi
}

# A Node.js that is there already, Debian's or not, is taken.
install_node() {
	if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
		install_packages "to build the web pages" nodejs npm
	fi
}

# make_configure: the build system's own files, when they are missing or old
make_configure() {
	local f
	for f in configure.ac Makefile.am sources.am m4/bifrons.m4; do
		if [ ! -e "$root/configure" ] || [ ! -e "$root/Makefile.in" ] ||
			[ "$root/$f" -nt "$root/Makefile.in" ]; then
			step autoreconf "Preparing the build system" \
				"This is a fault in configure.ac or Makefile.am" \
				env -C "$root" autoreconf -i
			return
		fi
	done
}

# with_lock FILE COMMAND...: one at a time on this machine
with_lock() {
	local file=$1 fd
	shift
	mkdir -p "${file%/*}"
	exec {fd}>>"$file"
	if ! flock -n "$fd"; then
		say "Waiting for another build of this folder to end"
		flock "$fd"
	fi
	"$@"
	exec {fd}>&-
}

cores() {
	nproc 2>/dev/null || echo 2
}
