/* SPDX-License-Identifier: GPL-3.0-or-later */
/* node e2e/run.mjs fake|platform [SCENARIO...]: runs scenarios, all when none
 * is named, and prints TAP. */
const [kind = "", ...wanted] = process.argv.slice(2);
if (kind !== "fake" && kind !== "platform") {
  console.error("usage: node e2e/run.mjs fake|platform [SCENARIO...]");
  process.exit(2);
}
const scenarios = await import(`./${kind}.mjs`);
const names = wanted.length ? wanted : Object.keys(scenarios);
let failed = 0;

console.log(`1..${names.length}`);
for (const [index, name] of names.entries()) {
  const begin = Date.now();
  try {
    await scenarios[name]();
    console.log(`ok ${index + 1} - ${name} # ${((Date.now() - begin) / 1000).toFixed(1)} s`);
  } catch (error) {
    ++failed;
    console.log(`not ok ${index + 1} - ${name}`);
    console.log(String(error?.stack ?? error).replace(/^/gm, "# "));
  }
}
process.exit(failed ? 1 : 0);
