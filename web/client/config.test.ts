/* SPDX-License-Identifier: GPL-3.0-or-later */
import { expect, it, vi } from "vitest";

import { fetchConfig } from "./config.js";
import { BifronsError, deviceError, hangupText } from "./errors.js";

function reply(status: number, body: string): void {
  vi.stubGlobal("fetch", async () => new Response(body, { status }));
}

const get = () => fetchConfig("bfd_x", "http://a.test/");

it("gives Janus's address and the ICE servers that make sense", async () => {
  reply(
    200,
    JSON.stringify({
      ws_url: "wss://a.test:8188/",
      ice_servers: [
        { urls: "stun:s.test" },
        { urls: ["turn:t.test"], username: "u", credential: "c" },
        { urls: [] },
        7,
      ],
    }),
  );
  await expect(get()).resolves.toEqual({
    wsUrl: "wss://a.test:8188/",
    iceServers: [
      { urls: ["stun:s.test"] },
      { urls: ["turn:t.test"], username: "u", credential: "c" },
    ],
  });
});

it.each([
  [401, '{"code":"unauthorized"}', "unauthorized"],
  [401, '{"code":"token_expired"}', "token_expired"],
  [503, '{"code":"shutting_down"}', "shutting_down"],
  [500, "<html>", "protocol"],
  [200, "[]", "protocol"],
  [200, '{"ws_url":"http://a"}', "protocol"],
])("HTTP %i %s is %s", async (status, body, code) => {
  reply(status, body);
  await expect(get()).rejects.toMatchObject({ code });
});

it("is unreachable without a network", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("network")));
  await expect(get()).rejects.toMatchObject({ code: "unreachable" });
});

it.each([
  ["NotAllowedError", "mic_denied"],
  ["NotFoundError", "mic_missing"],
  ["NotReadableError", "mic_busy"],
])("%s is %s", (name, code) => {
  expect(deviceError(new DOMException("x", name), "mic").code).toBe(code);
});

it("has words for codes it does not know", () => {
  expect(new BifronsError("new_code", "Because of that.").message).toBe("Because of that.");
  expect(new BifronsError("new_code").message).toContain("new_code");
});

it.each([
  [{ reason: "busy" }, "Busy."],
  [{ reason: "failed", sipCode: 503 }, "The call failed. (SIP 503)"],
  [{ reason: "timeout", code: "max_duration" }, "The call reached its longest allowed time."],
  [{ reason: "failed", code: "no_route" }, "The number is unknown: nothing here answers it."],
  [{ reason: "what" }, "The call has ended."],
])("%o in words", (hangup, words) => {
  expect(hangupText({ code: "", sipCode: 0, by: "", ...hangup })).toBe(words);
});
