/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fails when a page with all that it loads is too big. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LIMITS = { "phone.html": 100_000 }; /* bytes, gzipped */
const dist = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");

/** The page, and what it and its scripts and styles name. */
function load(name, seen = new Map()) {
  if (seen.has(name)) return seen;
  const bytes = readFileSync(join(dist, name));
  seen.set(name, gzipSync(bytes, { level: 9 }).length);
  if (!/\.(html|js|css)$/.test(name)) return seen;
  for (const [, asset] of bytes
    .toString("utf8")
    .matchAll(/["'(](?:\.\/|\/)?(?:assets\/)?([\w-]+\.(?:js|css|svg|woff2|png))["')]/g))
    load(`assets/${asset}`, seen);
  return seen;
}

let failed = false;
for (const [page, limit] of Object.entries(LIMITS)) {
  const files = load(page);
  const total = [...files.values()].reduce((sum, size) => sum + size, 0);
  for (const [name, size] of files) console.log(`${String(size).padStart(7)}  ${name}`);
  console.log(`${String(total).padStart(7)}  ${page} in all, gzipped (limit ${limit})`);
  if (total > limit) failed = true;
}
if (failed) console.error("Too big: make it smaller, or raise the limit with a reason.");
process.exit(failed ? 1 : 0);
