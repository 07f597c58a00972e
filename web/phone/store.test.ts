/* SPDX-License-Identifier: GPL-3.0-or-later */
import { beforeAll, beforeEach, describe, expect, it } from "vitest";

import { Client } from "../client/client.js";
import { BifronsError } from "../client/errors.js";
import { FakeGateway, fakeTrack, useFakeStreams } from "../client/fake_gateway.js";
import { clock, makePhone, type Phone } from "./store.js";

beforeAll(useFakeStreams);

const answer = { type: "answer", sdp: "v=0" } as const;
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
let janus: FakeGateway;
let kept: string;
let phone: Phone;
let microphone: () => Promise<MediaStreamTrack>;

beforeEach(() => {
  janus = new FakeGateway();
  kept = "";
  microphone = async () => fakeTrack();
  phone = makePhone({
    makeClient: (token) =>
      new Client({ token, config: { wsUrl: "ws://x/", iceServers: [] }, open: janus.open }),
    microphone: () => microphone(),
    devices: async () => ({ microphones: [], speakers: [], cameras: [] }),
    keep: (token) => (kept = token),
  });
});

async function talking(): Promise<void> {
  await phone.signIn("bfd_good");
  phone.dial.value = "demo";
  await phone.start();
  janus.call().say("ringing");
  janus.call().say("accepted", {}, answer);
  await settled();
}

describe("signing in", () => {
  it("keeps a good token", async () => {
    await phone.signIn(" bfd_good ");
    expect(phone.line.value).toBe("online");
    expect(phone.who.value).toBe("1001@a.test");
    expect(kept).toBe("bfd_good");
  });

  it("forgets a bad one and says why", async () => {
    kept = "bfd_bad";
    await phone.signIn("bfd_bad");
    expect(phone.line.value).toBe("signed_out");
    expect(kept).toBe("");
    expect(phone.notice.value).toMatchObject({ bad: true });
  });

  it("keeps the token when only the platform is away", async () => {
    kept = "bfd_good";
    janus.openError = "unreachable";
    await phone.signIn("bfd_good");
    expect(phone.line.value).toBe("signed_out");
    expect(kept).toBe("bfd_good");
    expect(phone.token.value).toBe("bfd_good");
    expect(phone.notice.value?.text).toContain("cannot be reached");
    janus.openError = "";
    await phone.signIn(phone.token.value);
    expect(phone.line.value).toBe("online");
  });

  it("forgets all on signing out", async () => {
    await phone.signIn("bfd_good");
    phone.signOut();
    expect(kept).toBe("");
    expect(janus.closed).toBe(1);
    expect(phone.stateText.value).toBe("Signed out");
  });
});

describe("calling", () => {
  it("goes through the states in words", async () => {
    await phone.signIn("bfd_good");
    expect(phone.stateText.value).toBe("Ready");
    phone.dial.value = "demo";
    const started = phone.start();
    expect(phone.stateText.value).toBe("Dialling …");
    await started;
    expect(phone.stateText.value).toBe("Calling …");
    janus.call().say("ringing");
    await settled();
    expect(phone.stateText.value).toBe("Ringing …");
    janus.call().say("accepted", {}, answer);
    await settled();
    expect(phone.stateText.value).toBe("In call");
    expect(phone.busy.value).toBe(true);
  });

  it("needs a number", async () => {
    await phone.signIn("bfd_good");
    phone.dial.value = "  ";
    await phone.start();
    expect(phone.notice.value?.text).toContain("Type a number");
    expect(phone.busy.value).toBe(false);
  });

  it("says that the microphone was refused, and is idle again", async () => {
    await phone.signIn("bfd_good");
    microphone = () => Promise.reject(new BifronsError("mic_denied"));
    phone.dial.value = "demo";
    await phone.start();
    expect(phone.notice.value?.text).toContain("may not use the microphone");
    expect(phone.busy.value).toBe(false);
  });

  it("sends keys to the call, and types them when idle", async () => {
    await phone.signIn("bfd_good");
    phone.key("4");
    phone.key("2");
    expect(phone.dial.value).toBe("42");
    await phone.start();
    phone.key("#");
    expect(phone.dial.value).toBe("42");
    expect(phone.digits.value).toBe("#");
    expect(janus.call().sent.at(-1)).toEqual({ request: "dtmf", digits: "#" });
  });

  it("mutes and hangs up", async () => {
    await talking();
    await phone.toggleMute();
    expect(phone.muted.value).toBe(true);
    await phone.hangup();
    expect(phone.busy.value).toBe(false);
    expect(phone.muted.value).toBe(false);
    expect(phone.notice.value).toMatchObject({ bad: false });
  });

  it("can be given up while the browser asks for the microphone", async () => {
    await phone.signIn("bfd_good");
    let allow: (track: MediaStreamTrack) => void = () => undefined;
    microphone = () => new Promise((resolve) => (allow = resolve));
    phone.dial.value = "demo";
    const started = phone.start();
    await phone.hangup();
    const track = fakeTrack();
    allow(track);
    await started;
    expect(phone.busy.value).toBe(false);
    expect(track.readyState).toBe("ended");
    expect(janus.handles).toHaveLength(1);
  });

  it("goes on with another microphone when one is unplugged", async () => {
    await talking();
    const first = phone.microphone.value;
    const second = fakeTrack();
    microphone = async () => second;
    first?.dispatchEvent(new Event("ended"));
    expect(phone.notice.value?.text).toContain("disconnected");
    await settled();
    expect(phone.microphone.value).toBe(second);
    expect(phone.notice.value?.text).toContain("Another one");
  });

  it("says that there is none left", async () => {
    await talking();
    microphone = async () => Promise.reject(new BifronsError("mic_missing"));
    phone.microphone.value?.dispatchEvent(new Event("ended"));
    await settled();
    expect(phone.notice.value).toEqual({
      text: "The microphone was disconnected.",
      bad: true,
    });
    expect(phone.callState.value).toBe("talking");
  });

  it("shows the other side's picture only while it moves", async () => {
    await talking();
    const picture = fakeTrack("video");
    Object.assign(picture, { muted: true });
    janus.call().events.track(picture, true);
    expect(phone.remoteVideo.value).toBeUndefined();
    Object.assign(picture, { muted: false });
    picture.dispatchEvent(new Event("unmute"));
    expect(phone.remoteVideo.value).toBe(picture);
  });

  it("stays signed in until the end of a call when the token expires", async () => {
    await talking();
    janus.handles[0]?.fail("token_expired");
    expect(phone.stateText.value).toBe("In call");
    await phone.hangup();
    expect(phone.line.value).toBe("signed_out");
    expect(phone.notice.value?.text).toContain("expired");
  });
});

it.each([
  [0, "0:00"],
  [75, "1:15"],
  [3675, "1:01:15"],
])("%i s is %s", (seconds, words) => {
  expect(clock(seconds)).toBe(words);
});
