/* SPDX-License-Identifier: GPL-3.0-or-later */
export function check(condition, message) {
  if (!condition) throw new Error(message);
}

/** Poll until fetch() gives something true; give it back. */
export async function waitFor(fetch, what, ms = 20_000) {
  const end = Date.now() + ms;
  let value;
  for (;;) {
    value = await fetch();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what} did not come within ${ms / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
