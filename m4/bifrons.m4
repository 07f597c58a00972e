# SPDX-License-Identifier: GPL-3.0-or-later

# BIFRONS_CFLAGS(VARIABLE, FLAGS): those of FLAGS that the compiler knows
AC_DEFUN([BIFRONS_CFLAGS], [
	$1=
	for bf_flag in m4_normalize([$2]); do
		bf_save_CFLAGS=$CFLAGS
		# gcc is silent about an unknown -Wno-x: ask for -Wx
		bf_try=`AS_ECHO(["$bf_flag"]) | sed 's/^-Wno-/-W/'`
		CFLAGS="$CFLAGS -Werror $bf_try"
		AC_MSG_CHECKING([whether $CC knows $bf_flag])
		AC_COMPILE_IFELSE([AC_LANG_SOURCE([[int bf_probe;]])],
			[AC_MSG_RESULT([yes])
			AS_VAR_APPEND([$1], [" $bf_flag"])],
			[AC_MSG_RESULT([no])])
		CFLAGS=$bf_save_CFLAGS
	done
	AC_SUBST([$1])
])

# BIFRONS_PKG(NAME, MODULES, DEBIAN PACKAGE): as PKG_CHECK_MODULES, and the
# headers are system headers to the compiler, whose warnings are not ours
AC_DEFUN([BIFRONS_PKG], [
	PKG_CHECK_MODULES([$1], [$2], [],
		[AC_MSG_ERROR([$2 not found: install $3])])
	$1[]_CFLAGS=`AS_ECHO(["$$1[]_CFLAGS"]) | sed 's/-I/-isystem /g'`
])
