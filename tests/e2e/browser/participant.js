/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A browser that obeys: a JSON line in is a command, a JSON line out its
 * answer. tests/e2e/lib/browser.py writes them. */
import readline from "node:readline";
import { Janus } from "./janus.js";
import { accept, answered, dial } from "./phone.js";

let janus;
let device;
let ticket;
let call;

const commands = {
  async open({ url }) {
    janus = await Janus.open(url);
  },
  async register({ token }) {
    device = await janus.attach();
    await device.send({ request: "register", token });
    const event = await device.event("registered");
    ticket = event.ticket;
    return event;
  },
  async dial({ destination, video = true, body }) {
    call = await dial(janus, { ticket }, destination, { video, body });
    return { call_id: call.callId };
  },
  /* what the device is told: incoming_call, … */
  device_event: ({ name, ms }) => device.event(name, ms),
  /* take a call that rings; `answered` waits for the rest */
  async accept({ call_id, video = true }) {
    call = await accept(janus, { ticket }, call_id, { video });
    return { call_id };
  },
  async decline({ call_id }) {
    await device.send({ request: "decline", call_id });
    return device.event("declined");
  },
  /* early media: the answer comes before the call is accepted */
  async progress() {
    const event = await call.handle.event("progress");
    await call.phone.accept(event.jsep);
  },
  answered: ({ ms }) => answered(call, ms),
  async event({ name, ms }) {
    return call.handle.event(name, ms);
  },
  async send({ body }) {
    await call.handle.send(body);
  },
  async say({ hz }) {
    call.phone.hz = hz;
  },
  async listen({ frequencies, ms }) {
    return call.phone.listen(frequencies, ms);
  },
  async hears({ hz, ms, least }) {
    return call.phone.hears(hz, { ms, least });
  },
  async frames() {
    return { frames: call.phone.frames, ...call.phone.lastFrame };
  },
  /* ---- ways to vanish ---- */
  async destroy() {
    await janus.destroy();
  },
  async detach() {
    await call.handle.detach();
  },
  async cut() {
    janus.cut();
  },
  async close_connection() {
    call.phone.close();
  },
  async hang_up() {
    await call.handle.send({ request: "hangup" });
    const event = await call.handle.event("hangup");
    call.phone.close();
    return event;
  },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { command, ...rest } = JSON.parse(line);
  try {
    const result = await commands[command](rest);
    console.log(JSON.stringify({ ok: result ?? {} }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error?.message ?? error) }));
  }
}
process.exit(0);
