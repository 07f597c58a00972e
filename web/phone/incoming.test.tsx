/* SPDX-License-Identifier: GPL-3.0-or-later */
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { Client } from "../client/client.js";
import { FakeGateway, fakeTrack, useFakeStreams } from "../client/fake_gateway.js";
import { makePhone, type Phone } from "./store.js";
import { App } from "./views/app.js";

beforeAll(useFakeStreams);

const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
let janus: FakeGateway;
let phone: Phone;
let root: HTMLElement;

beforeEach(async () => {
  janus = new FakeGateway();
  phone = makePhone({
    makeClient: (token) =>
      new Client({ token, config: { wsUrl: "ws://x/", iceServers: [] }, open: janus.open }),
    microphone: async () => fakeTrack(),
    devices: async () => ({ microphones: [], speakers: [], cameras: [] }),
    keep: () => undefined,
  });
  root = document.createElement("div");
  document.body.append(root);
  await phone.signIn("bfd_good");
  act(() => render(<App phone={phone} />, root));
});

afterEach(() => {
  act(() => render(null, root));
  root.remove();
});

function ring(callId: string, name = "Ida", video = false): void {
  act(() =>
    janus.handles[0]?.say("incoming_call", {
      call_id: callId,
      call: { source: { type: "tel", target: "+4520123456", name } },
      video,
    }),
  );
}

const panels = () => [...root.querySelectorAll(".incoming")];
const button = (words: string) =>
  [...root.querySelectorAll("button")].find((one) => one.textContent?.trim() === words);

async function press(words: string): Promise<void> {
  await act(async () => {
    button(words)?.click();
    await settled();
    await settled();
  });
}

describe("a call that comes in", () => {
  it("says who calls, aloud too, and leaves the focus alone", () => {
    const field = root.querySelector<HTMLInputElement>("#number");
    field?.focus();
    ring("c1");
    expect(panels()).toHaveLength(1);
    expect(panels()[0]?.textContent).toContain("Ida");
    expect(panels()[0]?.textContent).toContain("+4520123456");
    expect(root.textContent).toContain("Incoming call: Ida");
    expect(document.title).toContain("Ida");
    expect(document.activeElement).toBe(field);
    expect(button("Answer with camera")).toBeUndefined();
    ring("c2", "Bo", true);
    expect(panels()).toHaveLength(2);
    expect(button("Answer with camera")).toBeDefined();
  });

  it("is answered", async () => {
    ring("c1");
    await press("Answer");
    expect(phone.stateText.value).toBe("In call");
    expect(phone.peer.value).toBe("Ida");
    expect(panels()).toHaveLength(0);
    expect(root.querySelector(".peer")?.textContent).toBe("Ida");
    act(() => janus.call().say("held"));
    await act(settled);
    expect(root.querySelector(".time")?.textContent).toContain("On hold");
  });

  it("is declined, and the keyboard goes back to the number", async () => {
    ring("c1");
    button("Decline")?.focus();
    await press("Decline");
    expect(panels()).toHaveLength(0);
    expect(document.activeElement?.id).toBe("number");
    expect(phone.stateText.value).toBe("Ready");
  });

  it("was missed, or somebody else answered", () => {
    ring("c1");
    const end = (callId: string, reason: string) =>
      act(() => janus.handles[0]?.say("incoming_call_ended", { call_id: callId, reason }));
    end("c1", "canceled");
    expect(phone.notice.value?.text).toBe("Missed call from Ida.");
    ring("c2");
    end("c2", "answered_elsewhere");
    expect(phone.notice.value?.text).toContain("answered on another device");
    ring("c3", "Eva");
    end("c3", "declined");
    expect(phone.notice.value?.text).toContain("Eva was declined on another device");
  });

  it("waits while another is up, and takes its place", async () => {
    ring("c1");
    await press("Answer");
    ring("c2", "Bo");
    expect(root.textContent).toContain("Call waiting: Bo");
    expect(phone.stateText.value).toBe("In call");
    await press("End and answer");
    expect(janus.call(0).sent.at(-1)).toEqual({ request: "hangup" });
    expect(janus.call(0).detached).toBe(true);
    expect(phone.stateText.value).toBe("In call");
    expect(phone.peer.value).toBe("Bo");
  });

  it("takes the place of one that is being dialled", async () => {
    janus.plugin = (handle, body) => {
      if (body["request"] === "accept")
        handle.say("accepted", { call_id: body["call_id"] }, { type: "answer", sdp: "v=0" });
    };
    phone.dial.value = "demo";
    let started: Promise<void> | undefined;
    await act(async () => {
      started = phone.start();
      await settled();
    });
    expect(phone.stateText.value).toBe("Dialling …");
    ring("c2", "Bo");
    await press("End and answer");
    await started;
    expect(phone.peer.value).toBe("Bo");
    expect(phone.stateText.value).toBe("In call");
  });

  it("may be taken by somebody else meanwhile", async () => {
    janus.plugin = (handle, body) => {
      if (body["request"] === "accept") handle.fail("call_taken");
    };
    ring("c1");
    await press("Answer");
    expect(phone.busy.value).toBe(false);
    expect(phone.notice.value).toMatchObject({ bad: true });
    expect(panels()).toHaveLength(0);
  });
});
