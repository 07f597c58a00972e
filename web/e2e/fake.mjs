/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page against a Janus of the test's own (lib/fake_janus.mjs). Each
 * export is a scenario that run.mjs calls by name. */
import { axe, heard, openBrowser, seen, MIC_HZ } from "./lib/browser.mjs";
import { check, waitFor } from "./lib/check.mjs";
import { FakeJanus, TOKEN, TONE_HZ } from "./lib/fake_janus.mjs";

const shots = process.env.SCREENSHOTS;

async function shot(page, name) {
  if (shots) await page.screenshot({ path: `${shots}/${name}.png` });
}

async function world(options, body) {
  const browser = await openBrowser(options);
  const janus = await new FakeJanus().start(browser.context);
  try {
    const page = await browser.context.newPage();
    page.setDefaultTimeout(20_000);
    await body({ page, janus, browser });
    const serious = browser.complaints.filter((text) => !/401|ERR_|WebSocket/.test(text));
    check(serious.length === 0, `the browser complains: ${serious.join("; ")}`);
  } finally {
    await browser.close();
    await janus.stop();
  }
}

async function signedIn(page, janus, query = "") {
  await page.goto(`${janus.url}/phone${query}#token=${TOKEN}`);
  await page.getByText("1001@demo.test").waitFor();
}

async function noViolation(page, where) {
  const found = await axe(page);
  check(found.length === 0, `axe, ${where}: ${found.join("; ")}`);
}

const state = (page) => page.locator("p.state").innerText();
/* the focus moves after what is shown */
const atNumber = (page, when) =>
  waitFor(() => page.evaluate(() => document.activeElement.id === "number"), `focus ${when}`);
const inCall = (page) => page.getByText("In call", { exact: true }).waitFor();

async function near(page, hz, what) {
  let last;
  await waitFor(
    async () => {
      last = await heard(page);
      return Math.abs(last.hz - hz) < 12 && last.db > -70;
    },
    what,
  ).catch((error) => {
    throw new Error(`${error.message}; last ${JSON.stringify(last)}`);
  });
  return last;
}

/** The token leaves the address; the number comes from ?dial= */
export const sign_in = () =>
  world({}, async ({ page, janus }) => {
    await signedIn(page, janus, "?dial=demo");
    check(!page.url().includes("token"), `the address keeps the token: ${page.url()}`);
    check((await page.inputValue("#number")) === "demo", "?dial= is not in the field");
    await noViolation(page, "idle");
    await shot(page, "idle");
    await page.reload();
    await page.getByText("1001@demo.test").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Device token").waitFor();
    await noViolation(page, "signed out");
    await shot(page, "signin");
    await page.getByLabel("Device token").fill("bfd_wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("The token is not valid").waitFor();
    await noViolation(page, "wrong token");
  });

/** Tone, digit, own voice and picture, by mouse */
export const call = () =>
  world({}, async ({ page, janus }) => {
    await signedIn(page, janus, "?dial=demo");
    await page.getByRole("button", { name: "Start with the camera on" }).click();
    await page.getByRole("button", { name: "Call", exact: true }).click();
    await inCall(page);
    const tone = await near(page, TONE_HZ, "the tone");
    await page.locator(".in-call [data-key='1']").click();
    const voice = await near(page, MIC_HZ, "the own voice");
    const first = await waitFor(async () => {
      const now = await seen(page);
      return now.frames > 0 && now.rgb.some((c) => c > 20) && now;
    }, "the own picture");
    const later = await waitFor(async () => {
      const now = await seen(page);
      return now.frames > first.frames + 10 && now;
    }, "more frames");
    console.log(`# tone ${tone.hz.toFixed(0)} Hz, voice ${voice.hz.toFixed(0)} Hz, frames ${first.frames} to ${later.frames}, colour ${later.rgb}`);
    await waitFor(() => page.locator(".meter").first().getAttribute("aria-valuenow").then((v) => Number(v) > 5), "the microphone's level");
    await noViolation(page, "in a call");
    await shot(page, "call");

    await page.getByRole("button", { name: "Camera" }).click();
    await page.locator("video.own").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Camera" }).click();
    await page.locator("video.own").waitFor();
    await page.getByRole("button", { name: "Mute the microphone" }).click();
    await page.getByText("Muted", { exact: true }).waitFor();
    await waitFor(async () => (await heard(page)).db < -70, "silence while muted");
    await waitFor(() => janus.requests.some((r) => r.request === "mute"), "mute at the platform");

    await page.getByRole("button", { name: "Hang up" }).click();
    await page.getByText(/Call ended/).waitFor();
    check(janus.requests.at(-1).request === "hangup", "no hangup was sent");
    await waitFor(() => janus.handles.size === 1, "the end of the call's handle");
  });

/** Everything without a mouse */
export const keyboard = () =>
  world({}, async ({ page, janus }) => {
    await signedIn(page, janus);
    await page.keyboard.type("5551");
    await page.keyboard.press("Enter");
    await inCall(page);
    await page.keyboard.press("1");
    await page.keyboard.press("#");
    await waitFor(() => janus.requests.filter((r) => r.request === "dtmf").length === 2, "digits");
    check((await page.locator(".digits").innerText()) === "1#", "the digits are not shown");
    const visited = [];
    for (let i = 0; i < 24; ++i) {
      await page.keyboard.press("Tab");
      const [name, outline] = await page.evaluate(() => {
        const element = document.activeElement;
        return [element.getAttribute("aria-label") ?? "", getComputedStyle(element).outlineStyle];
      });
      visited.push(name);
      check(!name || outline !== "none", `the focus on ${name} cannot be seen`);
      if (name === "Hang up") break;
    }
    check(visited.includes("Mute the microphone"), `not reached by Tab: ${visited}`);
    check(visited.at(-1) === "Hang up", `Hang up is not reached by Tab: ${visited}`);
    await page.keyboard.press("Enter");
    await page.getByText(/Call ended/).waitFor();
    await atNumber(page, "after the call");
  });

/** Errors are sentences */
export const errors = () =>
  world({}, async ({ page, janus }) => {
    await signedIn(page, janus);
    const dial = async (number, words) => {
      await page.fill("#number", number);
      await page.keyboard.press("Enter");
      await page.getByText(words).waitFor();
    };
    await dial("", "Type a number or an address first");
    await dial("nobody", "The number is unknown");
    await shot(page, "error");
    await noViolation(page, "error");
    await dial("busy", "Busy.");
    await page.fill("#number", "slow");
    await page.keyboard.press("Enter");
    await page.getByText("Ringing").waitFor();
    await page.getByRole("button", { name: "Hang up" }).click();
    await page.getByText(/Call ended/).waitFor();
  });

/** The microphone is refused */
export const mic_denied = () =>
  world({ allow: false }, async ({ page, janus }) => {
    await signedIn(page, janus, "?dial=demo");
    await page.keyboard.press("Enter");
    await page.getByText("may not use the microphone").waitFor();
  });

/** A cut connection comes back, and the call goes on */
export const reconnect = () =>
  world({}, async ({ page, janus }) => {
    await signedIn(page, janus, "?dial=demo");
    await page.keyboard.press("Enter");
    await inCall(page);
    const restore = janus.cut();
    await page.getByText("Connection lost").waitFor();
    restore();
    await inCall(page);
    await near(page, TONE_HZ, "the tone after the cut");
    await page.keyboard.press("1");
    await near(page, MIC_HZ, "the voice after the cut");
    const call = [...janus.handles].find(([, known]) => known.callId);
    janus.say(call[0], "hangup", { by: "system", reason: "timeout", code: "max_duration" });
    await page.getByText("longest allowed time").waitFor();
    await waitFor(async () => (await state(page)) === "Ready", "Ready");
  });

/** Calls come in: declined, too late, answered, one waits and takes the place */
export const incoming = () =>
  world({ width: 360, height: 780 }, async ({ page, janus }) => {
    const ida = { type: "tel", target: "+4520123456", name: "Ida" };
    const bo = { type: "sip", target: "sip:bo@example.com", name: null };
    const accepts = () => janus.requests.filter((r) => r.request === "accept");
    await signedIn(page, janus);

    janus.ring("c1", ida, true);
    await page.getByRole("heading", { name: "Ida" }).waitFor();
    await waitFor(async () => (await page.title()).includes("Ida"), "who calls in the title");
    check((await page.evaluate(() => document.activeElement.id)) === "number", "the focus was taken away");
    await noViolation(page, "a call comes in");
    await shot(page, "incoming");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Shift+Tab");
    const name = await page.evaluate(() => document.activeElement.textContent.trim());
    check(name === "Decline", `Tab leads to ${name}`);
    await page.keyboard.press("Enter");
    await waitFor(() => janus.requests.some((r) => r.request === "decline"), "decline");
    await atNumber(page, "after declining");

    janus.ring("taken", ida);
    await page.getByRole("button", { name: "Answer", exact: true }).click();
    await page.getByText("Somebody else has answered").waitFor();
    await waitFor(() => janus.handles.size === 1, "the end of the handle");

    janus.ring("c2", ida);
    await page.getByRole("button", { name: "Answer", exact: true }).click();
    await inCall(page);
    await near(page, TONE_HZ, "the tone");
    check(accepts().at(-1).call_id === "c2", "another call was accepted");
    const hold = page.getByRole("button", { name: "Hold the call" });
    await hold.click();
    await page.getByText("Holding", { exact: true }).waitFor();
    check((await hold.getAttribute("aria-pressed")) === "true", "the button does not show it");
    await hold.click();
    await page.getByText("Holding", { exact: true }).waitFor({ state: "detached" });
    janus.ring("c3", bo);
    await page.getByText("Call waiting", { exact: true }).waitFor();
    await noViolation(page, "a call waits");
    await shot(page, "waiting");
    await page.getByRole("button", { name: "End and answer" }).click();
    await page.locator(".peer", { hasText: "bo@example.com" }).waitFor();
    await inCall(page);
    await near(page, TONE_HZ, "the tone of the second");
    check(janus.requests.some((r) => r.request === "hangup"), "the first call was not ended");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    check(wide <= 360, `the page is ${wide} pixels wide`);
  });

/** The token expires while signed in */
export const token_expired = () =>
  world({}, async ({ page, janus }) => {
    await signedIn(page, janus);
    const [device] = janus.handles.keys();
    janus.event(device, { bifrons: "error", code: "token_expired", detail: "" });
    await page.getByText("The token has expired").waitFor();
    await page.getByLabel("Device token").waitFor();
    const kept = await page.evaluate(() => sessionStorage.length);
    check(kept === 0, "the token is still kept");
  });

/** The platform is not there */
export const unreachable = () =>
  world({}, async ({ page, janus }) => {
    await page.goto(`${janus.url}/phone`);
    await page.route("**/v1/webrtc/config", (route) => route.abort());
    await page.getByLabel("Device token").fill(TOKEN);
    await page.keyboard.press("Enter");
    await page.getByText("The platform cannot be reached").waitFor();
  });

/** 360 pixels wide, and dark: nothing is cut off, contrast holds */
export const narrow = () =>
  world({ width: 360, height: 780, dark: true }, async ({ page, janus }) => {
    await signedIn(page, janus, "?dial=%2B4520123456");
    await noViolation(page, "dark, idle");
    await shot(page, "narrow-idle");
    await page.keyboard.press("Enter");
    await inCall(page);
    await near(page, TONE_HZ, "the tone");
    await noViolation(page, "dark, in a call");
    await shot(page, "narrow-call");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    check(wide <= 360, `the page is ${wide} pixels wide`);
    await page.getByRole("button", { name: "Devices and sound" }).click();
    await page.getByLabel("Speaker").waitFor();
    const count = await page.locator("#microphone option").count();
    check(count > 2, `only ${count} microphones to choose from`);
    await page.selectOption("#microphone", { index: 2 });
    await page.selectOption("#speaker", { index: 1 });
    await noViolation(page, "devices");
    await shot(page, "narrow-devices");
    await page.getByRole("button", { name: "Done" }).click();
    await near(page, TONE_HZ, "the tone on another speaker");
    await page.close();
    await waitFor(() => janus.requests.some((r) => r.request === "hangup"), "hangup from a closed tab");
  });
