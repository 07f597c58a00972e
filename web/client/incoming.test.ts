/* SPDX-License-Identifier: GPL-3.0-or-later */
import { beforeAll, beforeEach, describe, expect, it } from "vitest";

import { Client } from "./client.js";
import { FakeGateway, fakeTrack, useFakeStreams } from "./fake_gateway.js";
import { callerText, incomingCall, ringEnd, type RingEnd } from "./incoming.js";

beforeAll(useFakeStreams);

const config = { wsUrl: "ws://x/", iceServers: [] };
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
const source = { type: "tel", target: "+4520123456", name: "Ida" };
let janus: FakeGateway;
let client: Client;
let ended: { callId: string; reason: RingEnd }[];

beforeEach(async () => {
  janus = new FakeGateway();
  client = new Client({ token: "bfd_good", config, open: janus.open });
  ended = [];
  client.on("incoming_call_ended", (end) => ended.push(end));
  await client.connect();
});

function ring(callId = "c7", rest = {}): void {
  janus.handles[0]?.say("incoming_call", {
    call_id: callId,
    call: { id: callId, source },
    video: true,
    queue: null,
    auto_answer: false,
    ...rest,
  });
}

describe("what came", () => {
  it("is read with care", () => {
    expect(incomingCall({})).toBeUndefined();
    expect(incomingCall({ call_id: 7 })).toBeUndefined();
    const bare = incomingCall({ call_id: "c", call: null, headers: [], video: "yes" });
    expect(bare).toMatchObject({ callId: "c", video: false, headers: {}, call: {} });
    expect(bare && callerText(bare)).toBe("Unknown caller");
    const full = incomingCall({ call_id: "c", call: { source }, headers: { "X-A": "1", "X-B": 2 } });
    expect(full?.headers).toEqual({ "X-A": "1", "X-B": "" });
    expect(full && callerText(full)).toBe("Ida");
  });

  it("ends for a reason, known or not", () => {
    expect(ringEnd({ reason: "answered_elsewhere" })).toBe("answered_elsewhere");
    for (const reason of ["canceled", "lost", "x", 7]) expect(ringEnd({ reason })).toBe("canceled");
  });
});

describe("a call that rings", () => {
  it("is told once, and is there until its end", async () => {
    const told = client.once("incoming_call");
    ring();
    ring();
    await expect(told).resolves.toMatchObject({ callId: "c7", from: source, video: true });
    expect([...client.incoming.keys()]).toEqual(["c7"]);
    janus.handles[0]?.say("incoming_call_ended", { call_id: "c7", reason: "canceled" });
    janus.handles[0]?.say("incoming_call_ended", { call_id: "c7", reason: "canceled" });
    expect(ended).toEqual([{ callId: "c7", reason: "canceled" }]);
    expect(client.incoming.size).toBe(0);
  });

  it("is taken on a handle of its own", async () => {
    ring();
    const call = await client.accept("c7", { microphone: fakeTrack(), video: "off" });
    expect(call).toMatchObject({ id: "c7", state: "talking", destination: "Ida" });
    expect(janus.call().sent[0]).toEqual({
      request: "accept",
      call_id: "c7",
      ticket: "t1",
      video: true,
    });
    expect(janus.call().answer?.type).toBe("answer");
    expect(ended).toEqual([{ callId: "c7", reason: "answered" }]);
    expect(client.calls.has(call)).toBe(true);

    const held: boolean[] = [];
    call.on("held", (on) => held.push(on));
    janus.call().say("held");
    janus.call().say("unheld");
    await settled();
    expect(held).toEqual([true, false]);
    await call.hangup();
    expect(call.state).toBe("ended");
    expect(janus.call().detached).toBe(true);
  });

  it("may be gone by then", async () => {
    ring();
    janus.plugin = (handle, body) => {
      if (body["request"] === "accept") handle.fail("call_taken");
    };
    const microphone = fakeTrack();
    await expect(client.accept("c7", { microphone })).rejects.toMatchObject({
      code: "call_taken",
      message: expect.stringContaining("else has answered"),
    });
    expect(microphone.readyState).toBe("ended");
    expect(janus.call().detached).toBe(true);
    expect(client.incoming.size).toBe(0);
    await expect(client.accept("c7")).rejects.toMatchObject({ code: "no_such_call" });
  });

  it("rings on when it was not taken for another reason", async () => {
    ring();
    janus.plugin = (handle, body) => {
      if (body["request"] === "accept") handle.fail("offer_unusable");
    };
    await expect(client.accept("c7", { microphone: fakeTrack() })).rejects.toMatchObject({
      code: "offer_unusable",
    });
    expect(client.incoming.has("c7")).toBe(true);
  });

  it("is declined, and silent at once", async () => {
    ring();
    const declined = client.decline("c7");
    expect(ended).toEqual([{ callId: "c7", reason: "declined" }]);
    await declined;
    expect(janus.handles[0]?.sent.at(-1)).toEqual({ request: "decline", call_id: "c7" });
    /* too late is no trouble, nor is twice */
    janus.handles[0]?.fail("call_taken");
    await client.decline("c7");
    expect(janus.handles[0]?.sent).toHaveLength(2);
  });

  it("rings no more when the registration is gone, or the client closes", async () => {
    ring("c1");
    janus.handles[0]?.events.gone();
    expect(ended).toEqual([{ callId: "c1", reason: "lost" }]);
    ring("c2");
    client.close();
    expect(ended.at(-1)).toEqual({ callId: "c2", reason: "lost" });
  });
});
