/* SPDX-License-Identifier: GPL-3.0-or-later */
import { defineConfig } from "vitest/config";

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  test: {
    environment: "happy-dom",
    include: ["client/**/*.test.ts", "phone/**/*.test.{ts,tsx}"],
    /* two cores are enough, and often all there is */
    pool: "threads",
    maxWorkers: 2,
    minWorkers: 1,
    restoreMocks: true,
    /* no test waits for it: a busy machine is no failure */
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
