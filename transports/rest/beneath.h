/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file beneath.h  Files below a folder, whatever their name says
 *
 * Thread: any; blocks as files do.
 */
#ifndef BIFRONS_REST_BENEATH_H
#define BIFRONS_REST_BENEATH_H

#include <sys/stat.h>

/** Open a regular file for reading: no "..", no links, no devices.
 * @param name  Relative to the folder
 * @param st    Set with it
 * @return A descriptor, or -1
 */
int rest_open_beneath(const char *root, const char *name, struct stat *st);

#endif
