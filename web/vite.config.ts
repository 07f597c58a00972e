/* SPDX-License-Identifier: GPL-3.0-or-later */
import { defineConfig } from "vite";

/* Node 18 is what Debian 12 has: hence Vite 6 (7 needs 20) and vitest 3.
 * Everything comes out as files of our own origin, nothing inline: the pages
 * are served with a Content-Security-Policy of default-src 'self'. */
export default defineConfig({
  base: "./",
  publicDir: false,
  /* janus.es.js asks for AMD and CommonJS first; at the sight of
   * module.exports esbuild would wrap the whole bundle as CommonJS */
  define: { "module.exports": "undefined", "define.amd": "undefined" },
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  /* npm run dev: the pages from here, the API from a running ./run */
  server: { proxy: { "/v1": process.env["BIFRONS_URL"] ?? "http://127.0.0.1:8080" } },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    assetsDir: "assets",
    assetsInlineLimit: 0,
    target: ["chrome123", "firefox121", "safari17.5"],
    modulePreload: { polyfill: false },
    rollupOptions: { input: { phone: "phone.html" } },
  },
});
