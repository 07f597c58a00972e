/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many browsers in one process, each with a session of its own, that obey as
 * participant.js does. tests/e2e/lib/crowd.py writes the lines. */
import readline from "node:readline";
import { Janus } from "./janus.js";
import { Phone, answered, dial } from "./phone.js";

const ECHO_TEST = "janus.plugin.echotest";
const AT_ONCE = 5; // that connect at the same time
const HZ = 1230;

let url;
let members = [];

async function callFlow(token, destination, options) {
  const janus = await Janus.open(url);
  const call = await dial(janus, { token }, destination, options);
  await answered(call, 20_000);
  return { ...call, janus };
}

async function callEchoTest(options) {
  const janus = await Janus.open(url);
  const handle = await janus.attach(ECHO_TEST);
  const phone = new Phone(handle, options);
  await handle.send({ audio: true, video: options.video }, await phone.offer());
  const { jsep } = await handle.until(
    "answer",
    () => handle.events.find((e) => e.jsep),
    20_000,
  );
  await phone.accept(jsep);
  return { phone, handle, janus };
}

/** RTP packets that the members sent and received so far */
async function count() {
  const sum = { sent: 0, received: 0 };
  const reports = await Promise.all(members.map((m) => m.phone.pc.getStats()));
  for (const report of reports)
    for (const item of report.values()) {
      if (item.type === "outbound-rtp") sum.sent += item.packetsSent;
      if (item.type === "inbound-rtp") sum.received += item.packetsReceived;
    }
  return sum;
}

const commands = {
  async open(command) {
    ({ url } = command);
  },
  /* without a destination: Janus's own EchoTest */
  async call({ n, token, destination, video = false }) {
    for (let left = n; left > 0; left -= AT_ONCE)
      members.push(
        ...(await Promise.all(
          Array.from({ length: Math.min(left, AT_ONCE) }, () =>
            destination
              ? callFlow(token, destination, { video })
              : callEchoTest({ video }),
          ),
        )),
      );
    return { calls: members.map((m) => m.callId) };
  },
  /* All hear themselves; then they listen no more, which costs much */
  async talk({ ms = 10_000 }) {
    for (const { phone } of members) phone.hz = HZ;
    await Promise.all(members.map(({ phone }) => phone.hears(HZ, { ms })));
    for (const { phone } of members) phone.deaf = true;
  },
  async count() {
    const frames = members.reduce((sum, m) => sum + m.phone.frames, 0);
    return { ...(await count()), frames };
  },
  /* ---- ways to end ---- */
  async hang_up() {
    await Promise.all(members.map((m) => m.handle.send({ request: "hangup" })));
  },
  async destroy() {
    await Promise.all(members.map((m) => m.janus.destroy()));
  },
  async detach() {
    await Promise.all(members.map((m) => m.handle.detach()));
  },
  async cut() {
    for (const { janus } of members) janus.cut();
  },
  async close_connection() {
    for (const { phone } of members) phone.close();
  },
  async leave() {
    await Promise.all(members.map((m) => m.janus.destroy()));
    for (const { phone } of members) phone.close();
    members = [];
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
