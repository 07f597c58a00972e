/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page against the platform itself: BIFRONS_URL and BIFRONS_KEY say
 * where it is, BIFRONS_PHONE_LINK is the link that ./run printed
 * (tests/e2e/test_phone_page.py starts it). */
import { axe, heard, openBrowser, seen, MIC_HZ } from "./lib/browser.mjs";
import { check, waitFor } from "./lib/check.mjs";

const url = process.env.BIFRONS_URL ?? "http://127.0.0.1:8080";
const key = process.env.BIFRONS_KEY ?? "";
const shots = process.env.SCREENSHOTS;

const TONE_HZ = 440;
/* what several processes make beside each other on one platform */
const DOMAIN = `p${process.pid}.test`;
const NUMBER = `+4520${String(process.pid).padStart(6, "0").slice(-6)}`;
const ACTIONS = [
  { type: "answer" },
  {
    type: "play",
    option: { stream_urls: [`tone:${TONE_HZ}/30000`], barge_in: "any" },
  },
  { type: "dtmf_receive", option: { length: 1, duration_ms: 10000 } },
  {
    type: "branch",
    option: { variable: "digits", target_ids: { 1: "echo" }, default_target_id: "bye" },
  },
  { id: "echo", type: "echo", option: { duration_ms: 60000 } },
  { id: "bye", type: "hangup" },
];

async function rest(method, path, body) {
  const reply = await fetch(`${url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await reply.text();
  check(reply.ok, `${method} ${path}: HTTP ${reply.status} ${text.slice(0, 400)}`);
  return text ? JSON.parse(text) : undefined;
}

let made;

/* Once a process: a domain, an extension, a flow behind a number. */
async function prepare() {
  const domain = await rest("POST", "/v1/domains", { name: DOMAIN });
  const extension = await rest("POST", "/v1/extensions", {
    domain_id: domain.id,
    extension: "2001",
    name: "Page",
  });
  const flow = await rest("POST", "/v1/flows", { name: "page", actions: ACTIONS });
  await rest("POST", "/v1/numbers", { number: NUMBER, flow_id: flow.id });
  return extension.id;
}

async function phoneLink() {
  made ??= prepare();
  const { token } = await rest("POST", `/v1/extensions/${await made}/device-token`, {});
  return `${url}/phone#token=${token}`;
}

async function world({ link, ...options }, body) {
  const address = link ?? (await phoneLink());
  const browser = await openBrowser(options);
  try {
    const page = await browser.context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(address);
    await page.getByText("Ready", { exact: true }).waitFor();
    await body(page, browser);
    check(browser.complaints.length === 0, `the browser complains: ${browser.complaints.join("; ")}`);
  } finally {
    await browser.close();
  }
}

async function dial(page, number, { camera = false } = {}) {
  await page.fill("#number", number);
  if (camera) await page.getByRole("button", { name: "Start with the camera on" }).click();
  await page.getByRole("button", { name: "Call", exact: true }).click();
  await page.getByText("In call", { exact: true }).waitFor();
  /* its record comes a moment later */
  return waitFor(async () => {
    const { result } = await rest("GET", "/v1/calls?page_size=1&status=answered");
    return result[0];
  }, "the call's record");
}

const callOf = (id) => rest("GET", `/v1/calls/${id}`);

/** Wait for the end of a call. -> its record, with how long it took in ms */
async function ended(id, ms = 15_000) {
  const begin = Date.now();
  const call = await waitFor(
    async () => {
      const now = await callOf(id);
      return now.status === "ended" && now;
    },
    `the end of call ${id}`,
    ms,
  );
  return { call, took: Date.now() - begin };
}

async function near(page, wanted, what) {
  const all = Array.isArray(wanted) ? wanted : [wanted];
  let last;
  return waitFor(
    async () => {
      last = await heard(page, 400);
      return all.some((hz) => Math.abs(last.hz - hz) < 12) && last.db > -70 && last;
    },
    what,
  ).catch((error) => {
    throw new Error(`${error.message}; last heard ${JSON.stringify(last)}`);
  });
}

async function ownPicture(page) {
  const first = await waitFor(async () => {
    const now = await seen(page);
    return now.frames > 0 && now.rgb.some((c) => c > 20) && now;
  }, "the own picture");
  return waitFor(async () => {
    const now = await seen(page);
    return now.frames >= first.frames + 20 && now;
  }, "20 more frames");
}

/** The link that ./run prints: the demo's tones, 1, own voice and picture */
export const demo = () =>
  world({ height: 660, link: process.env.BIFRONS_PHONE_LINK }, async (page) => {
    const call = await dial(page, "demo", { camera: true });
    check(call.endpoint === "webrtc", `endpoint is ${call.endpoint}`);
    const tone = await near(page, [523, 659, 784], "a demo tone");
    await page.locator(".in-call [data-key='1']").click();
    const voice = await near(page, MIC_HZ, "the own voice");
    const picture = await ownPicture(page);
    console.log(
      `# tone ${tone.hz.toFixed(0)} Hz, voice ${voice.hz.toFixed(0)} Hz, ` +
        `${picture.frames} frames of width ${picture.width}, mean colour ${picture.rgb}`,
    );
    const found = await axe(page);
    check(found.length === 0, `axe: ${found.join("; ")}`);
    if (shots) await page.screenshot({ path: `${shots}/platform-call.png` });
    await page.getByRole("button", { name: "Hang up" }).click();
    await page.getByText(/Call ended/).waitFor();
    const over = await ended(call.id);
    check(over.call.hangup.by === "remote", `hangup.by is ${over.call.hangup.by}`);
    check(over.call.hangup.reason === "normal", `hangup.reason is ${over.call.hangup.reason}`);
  });

/** A tone is heard, mute silences, REST shows and ends the call */
export const rest_ends = () =>
  world({}, async (page) => {
    const call = await dial(page, NUMBER);
    const tone = await near(page, TONE_HZ, "the tone");
    const shown = await callOf(call.id);
    check(shown.status === "answered", `REST says ${shown.status}`);
    check(shown.endpoint === "webrtc", `endpoint is ${shown.endpoint}`);
    await page.keyboard.press("1");
    await near(page, MIC_HZ, "the own voice");
    await page.getByRole("button", { name: "Mute the microphone" }).click();
    await waitFor(async () => (await heard(page, 400)).db < -70, "silence while muted");
    await page.getByRole("button", { name: "Mute the microphone" }).click();
    await near(page, MIC_HZ, "the own voice after mute");
    await rest("POST", `/v1/calls/${call.id}/hangup`, {});
    await page.getByText(/Call ended/).waitFor();
    const over = await ended(call.id);
    console.log(`# tone ${tone.hz.toFixed(0)} Hz; ended by ${over.call.hangup.by}`);
  });

/** The camera goes on in the middle of a call, and off */
export const camera_later = () =>
  world({}, async (page) => {
    await dial(page, NUMBER);
    await near(page, TONE_HZ, "the tone");
    await page.keyboard.press("1");
    await near(page, MIC_HZ, "the own voice");
    await page.getByRole("button", { name: "Camera", exact: true }).click();
    await ownPicture(page);
    await page.getByRole("button", { name: "Camera", exact: true }).click();
    await page.locator("video.own").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Hang up" }).click();
    await page.getByText(/Call ended/).waitFor();
  });

/** An unknown number is told in words */
export const unknown_number = () =>
  world({}, async (page) => {
    await page.fill("#number", "+4599999999");
    await page.keyboard.press("Enter");
    await page.getByText("The number is unknown").waitFor();
  });

/** The page is called: it answers, hears, is seen, holds; then it declines */
export const called = () =>
  world({}, async (page) => {
    const call = async () => {
      const { result } = await rest("POST", "/v1/calls", {
        source: { type: "tel", target: "+4570000000", name: "Ida" },
        destinations: [`extension:2001@${DOMAIN}`],
        actions: ACTIONS.slice(1),
      });
      await page.getByRole("heading", { name: "Ida" }).waitFor();
      return result[0].id;
    };
    const first = await call();
    await page.getByRole("button", { name: "Answer", exact: true }).click();
    await page.getByText("In call", { exact: true }).waitFor();
    await near(page, TONE_HZ, "the tone");
    await page.getByRole("button", { name: "Camera" }).click();
    await page.locator(".in-call [data-key='1']").click();
    await near(page, MIC_HZ, "the own voice");
    await waitFor(async () => (await seen(page)).frames > 10, "the own picture");
    await page.getByRole("button", { name: "Hold the call" }).click();
    await page.getByText("Holding", { exact: true }).waitFor();
    await waitFor(async () => (await heard(page)).db < -70, "silence while it holds");
    await page.getByRole("button", { name: "Hang up" }).click();
    const { call: over } = await ended(first);
    check(over.hangup.reason === "normal", `the end: ${JSON.stringify(over.hangup)}`);

    const second = await call();
    await page.getByRole("button", { name: "Decline" }).click();
    const { call: declined } = await ended(second);
    check(declined.hangup.sip_code === 603, `the end: ${JSON.stringify(declined.hangup)}`);
  });

/** A closed tab ends the call */
export const tab_closed = () =>
  world({}, async (page) => {
    const call = await dial(page, NUMBER);
    await near(page, TONE_HZ, "the tone");
    await page.close();
    const { call: over, took } = await ended(call.id, 10_000);
    console.log(`# ended after ${took} ms: ${JSON.stringify(over.hangup)}`);
  });

/** A page that crashes, without a word, ends the call too */
export const page_crashed = () =>
  world({}, async (page, browser) => {
    const call = await dial(page, NUMBER);
    await near(page, TONE_HZ, "the tone");
    const devtools = await browser.context.newCDPSession(page);
    devtools.send("Page.crash").catch(() => undefined);
    const { call: over, took } = await ended(call.id, 10_000);
    console.log(`# ended after ${took} ms: ${JSON.stringify(over.hangup)}`);
  });

/** A reload ends the call and leaves the page signed in */
export const reload = () =>
  world({}, async (page) => {
    const call = await dial(page, NUMBER);
    await near(page, TONE_HZ, "the tone");
    await page.reload();
    await page.getByText("Ready", { exact: true }).waitFor();
    await ended(call.id);
    await dial(page, NUMBER);
    await near(page, TONE_HZ, "the tone of a second call");
  });

/** The WebSocket is cut: it comes back, the call goes on, digits arrive */
export const socket_cut = () =>
  world({}, async (page) => {
    let socket;
    let restore;
    let line = Promise.resolve();
    await page.routeWebSocket(/./, async (route) => {
      await line;
      socket = route;
      route.connectToServer();
    });
    await page.reload();
    await page.getByText("Ready", { exact: true }).waitFor();
    const call = await dial(page, NUMBER);
    await near(page, TONE_HZ, "the tone");
    line = new Promise((resolve) => (restore = resolve));
    await socket.close({ code: 3000, reason: "cut by the test" });
    await page.getByText("Connection lost").waitFor();
    restore();
    await page.getByText("In call", { exact: true }).waitFor();
    await page.keyboard.press("1");
    await near(page, MIC_HZ, "the own voice after the cut");
    check((await callOf(call.id)).status === "answered", "the call did not go on");
    await page.getByRole("button", { name: "Hang up" }).click();
    await page.getByText(/Call ended/).waitFor();
    await ended(call.id);
  });
