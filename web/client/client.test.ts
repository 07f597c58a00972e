/* SPDX-License-Identifier: GPL-3.0-or-later */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { Client } from "./client.js";
import type { Hangup } from "./errors.js";
import { FakeGateway, fakeTrack, useFakeStreams } from "./fake_gateway.js";

beforeAll(useFakeStreams);

const config = { wsUrl: "ws://x/", iceServers: [] };
const answer = { type: "answer", sdp: "v=0 answer" } as const;
let janus: FakeGateway;

beforeEach(() => {
  janus = new FakeGateway();
});

afterEach(() => {
  vi.useRealTimers();
});

function client(token = "bfd_good"): Client {
  return new Client({ token, config, open: janus.open });
}

async function connected(): Promise<Client> {
  const made = client();
  await made.connect();
  return made;
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("registering", () => {
  it("tells who it is", async () => {
    await expect(client().connect()).resolves.toEqual({ extension: "1001", domain: "a.test" });
    expect(janus.handles[0]?.sent).toEqual([{ request: "register", token: "bfd_good" }]);
  });

  it("rejects a wrong token in words, and leaves no session", async () => {
    await expect(client("bfd_bad").connect()).rejects.toMatchObject({
      code: "unauthorized",
      message: expect.stringContaining("token"),
    });
    expect(janus.closed).toBe(1);
  });

  it("says when nobody is there", async () => {
    janus.openError = "unreachable";
    await expect(client().connect()).rejects.toMatchObject({ code: "unreachable" });
  });

  it("uses the newest ticket", async () => {
    const made = await connected();
    janus.handles[0]?.say("ticket", { ticket: "t2", expires_at: "2999-01-01T00:00:00.000Z" });
    await made.call("demo", { microphone: fakeTrack() });
    expect(janus.call().sent[0]).toMatchObject({ request: "call", ticket: "t2" });
  });

  it("registers again when the ticket has run out", async () => {
    const made = await connected();
    janus.handles[0]?.say("ticket", { ticket: "old", expires_at: "2001-01-01T00:00:00.000Z" });
    await made.call("demo", { microphone: fakeTrack() });
    expect(janus.handles[0]?.sent).toHaveLength(2);
    expect(janus.call().sent[0]).toMatchObject({ ticket: "t1" });
  });

  it("tells when the token has expired", async () => {
    const made = await connected();
    const failed = made.once("failed");
    janus.handles[0]?.fail("token_expired");
    await expect(failed).resolves.toMatchObject({ code: "token_expired" });
  });

  it("passes on what it does not know, and ignores rubbish", async () => {
    const made = await connected();
    const message = made.once("message");
    for (const rubbish of [undefined, null, 7, "x", [], {}, { bifrons: "event" }])
      janus.handles[0]?.events.message(rubbish, undefined);
    janus.handles[0]?.say("call.created", { data: 1 });
    await expect(message).resolves.toMatchObject({ name: "call.created" });
  });
});

describe("a call", () => {
  it("goes from calling to talking, with the answer set once", async () => {
    const made = await connected();
    const call = await made.call("demo", { microphone: fakeTrack() });
    expect(call.id).toBe("c1");
    const states: string[] = [call.state];
    call.on("state", (state) => states.push(state));
    janus.call().say("ringing");
    janus.call().say("progress", {}, answer);
    janus.call().say("accepted", {}, { type: "answer", sdp: "another" });
    await settled();
    expect(states).toEqual(["calling", "ringing", "early", "talking"]);
    expect(janus.call().answer).toEqual(answer);
  });

  it("never goes backwards", async () => {
    const made = await connected();
    const call = await made.call("demo", { microphone: fakeTrack() });
    janus.call().say("accepted", {}, answer);
    janus.call().say("ringing");
    await settled();
    expect(call.state).toBe("talking");
  });

  it("sends digits, mutes here and there, hangs up", async () => {
    const made = await connected();
    const microphone = fakeTrack();
    const call = await made.call("demo", { microphone });
    await call.dtmf("12#");
    await call.mute(true);
    expect(microphone.enabled).toBe(false);
    await call.mute(false);
    expect(microphone.enabled).toBe(true);
    const holding: boolean[] = [];
    call.on("holding", (on) => holding.push(on));
    await call.hold(true);
    await call.hold(false);
    await settled();
    expect(holding).toEqual([true, false]);
    await call.hangup();
    expect(janus.call().sent.slice(1)).toEqual([
      { request: "dtmf", digits: "12#" },
      { request: "mute" },
      { request: "unmute" },
      { request: "hold" },
      { request: "unhold" },
      { request: "hangup" },
    ]);
    expect(call.state).toBe("ended");
    expect(microphone.readyState).toBe("ended");
    expect(janus.call().detached).toBe(true);
    expect(made.calls.size).toBe(0);
    await expect(call.dtmf("1")).rejects.toMatchObject({ code: "wrong_state" });
  });

  it("rejects an unknown number and stops the microphone", async () => {
    const made = await connected();
    const plugin = janus.plugin;
    janus.plugin = (handle, body) =>
      body["request"] === "call" ? handle.fail("no_route") : plugin(handle, body);
    const microphone = fakeTrack();
    await expect(made.call("nobody", { microphone })).rejects.toMatchObject({
      code: "no_route",
      message: expect.stringContaining("unknown"),
    });
    expect(microphone.readyState).toBe("ended");
    expect(janus.call().detached).toBe(true);
  });

  it("tells how the other side ended it", async () => {
    const made = await connected();
    const call = await made.call("demo", { microphone: fakeTrack() });
    const ended = call.once("hangup");
    janus.call().say("hangup", { by: "remote", reason: "busy", sip_code: 486, code: null });
    await expect(ended).resolves.toEqual({ by: "remote", reason: "busy", sipCode: 486, code: "" });
  });

  it("ends by itself when the platform says nothing to a hangup", async () => {
    const made = await connected();
    const call = await made.call("demo", { microphone: fakeTrack() });
    janus.plugin = () => undefined;
    vi.useFakeTimers();
    const over = call.hangup();
    await vi.advanceTimersByTimeAsync(2100);
    await over;
    expect(call.hangupInfo?.reason).toBe("normal");
  });

  it("is lost when the peer connection goes without a word", async () => {
    const made = await connected();
    const call = await made.call("demo", { microphone: fakeTrack() });
    vi.useFakeTimers();
    janus.call().events.up(false);
    await vi.advanceTimersByTimeAsync(2100);
    expect(call.hangupInfo).toMatchObject({ reason: "lost" } satisfies Partial<Hangup>);
  });

  it("can be given up before the platform answers", async () => {
    const made = await connected();
    janus.plugin = () => undefined;
    const giveUp = new AbortController();
    const microphone = fakeTrack();
    const made2 = made.call("demo", { microphone, signal: giveUp.signal });
    const failed = expect(made2).rejects.toMatchObject({ code: "aborted" });
    await settled();
    giveUp.abort();
    await failed;
    expect(microphone.readyState).toBe("ended");
  });

  it("can be given up while the browser asks for a device; what comes then is stopped", async () => {
    const made = await connected();
    for (const kind of ["microphone", "camera"]) {
      let allow: (stream: MediaStream) => void = () => undefined;
      const asked = vi.fn(() => new Promise<MediaStream>((resolve) => (allow = resolve)));
      vi.stubGlobal("navigator", { mediaDevices: { getUserMedia: asked } });
      const giveUp = new AbortController();
      const given = fakeTrack();
      const failed = expect(
        made.call("demo", {
          ...(kind === "camera" && { microphone: given, video: true }),
          signal: giveUp.signal,
        }),
      ).rejects.toMatchObject({ code: "aborted" });
      await settled();
      expect(asked).toHaveBeenCalled();
      giveUp.abort();
      await failed;
      const late = fakeTrack();
      const stream = new MediaStream();
      stream.addTrack(late);
      allow(stream);
      await settled();
      expect(late.readyState).toBe("ended");
      if (kind === "camera") expect(given.readyState).toBe("ended");
      vi.unstubAllGlobals();
      useFakeStreams();
    }
    expect(made.calls.size).toBe(0);
  });

  it("tells of a microphone that is unplugged, of no other", async () => {
    const made = await connected();
    const first = fakeTrack();
    const second = fakeTrack();
    const call = await made.call("demo", { microphone: first });
    const problems: string[] = [];
    call.on("problem", (problem) => problems.push(problem.code));
    await call.setMicrophone(second);
    first.dispatchEvent(new Event("ended"));
    expect(problems).toEqual([]);
    second.dispatchEvent(new Event("ended"));
    expect(problems).toEqual(["mic_lost"]);
    expect(call.state).toBe("calling");
  });

  it("reports an error later as a problem, and goes on", async () => {
    const made = await connected();
    const call = await made.call("demo", { microphone: fakeTrack() });
    const problem = call.once("problem");
    janus.call().fail("wrong_state");
    await expect(problem).resolves.toMatchObject({ code: "wrong_state" });
    expect(call.state).toBe("calling");
  });

  it("says goodbye when the page goes", async () => {
    const made = await connected();
    const call = await made.call("demo", { microphone: fakeTrack() });
    globalThis.dispatchEvent(new Event("pagehide"));
    expect(call.state).toBe("ended");
    expect(janus.call().sent.at(-1)).toEqual({ request: "hangup" });
    expect(janus.closed).toBe(1);
  });
});

describe("a lost connection", () => {
  it("is claimed again, and calls go on", async () => {
    const made = await connected();
    const call = await made.call("demo", { microphone: fakeTrack() });
    vi.useFakeTimers();
    const back = made.once("back");
    janus.cut();
    janus.claimError = "unreachable";
    await vi.advanceTimersByTimeAsync(800);
    janus.claimError = "";
    await vi.advanceTimersByTimeAsync(3000);
    await back;
    expect(janus.claims).toBeGreaterThan(1);
    expect(call.state).toBe("calling");
    expect(janus.options).toHaveLength(1);
  });

  it("is made anew when Janus forgot the session; its calls are lost", async () => {
    const made = await connected();
    const call = await made.call("demo", { microphone: fakeTrack() });
    vi.useFakeTimers();
    janus.claimError = "lost";
    const back = made.once("back");
    janus.cut();
    await vi.advanceTimersByTimeAsync(3000);
    await back;
    expect(call.hangupInfo?.reason).toBe("lost");
    expect(janus.options).toHaveLength(2);
  });

  it("gives up when the token is no longer good", async () => {
    const made = await connected();
    vi.useFakeTimers();
    janus.claimError = "lost";
    janus.plugin = (handle) => handle.fail("unauthorized");
    const failed = made.once("failed");
    janus.cut();
    await vi.advanceTimersByTimeAsync(3000);
    await expect(failed).resolves.toMatchObject({ code: "unauthorized" });
  });
});
