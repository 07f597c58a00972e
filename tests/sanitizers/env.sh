# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# What the sanitizers read. Sourced with BIFRONS_SRCDIR set; a build without
# sanitizers does not look at these.
supp=$BIFRONS_SRCDIR/tests/sanitizers
ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
ASAN_OPTIONS=$ASAN_OPTIONS:check_initialization_order=1:abort_on_error=1
LSAN_OPTIONS=suppressions=$supp/lsan.supp:print_suppressions=0
UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
TSAN_OPTIONS=suppressions=$supp/tsan.supp:halt_on_error=1:second_deadlock_stack=1
# GLib's own allocator reuses memory behind TSan's back
G_SLICE=always-malloc
export ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS G_SLICE
