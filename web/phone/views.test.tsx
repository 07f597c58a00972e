/* SPDX-License-Identifier: GPL-3.0-or-later */
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { loudness } from "./level.js";
import { makePhone } from "./store.js";
import { keepToken, readAddress } from "./token.js";
import { App } from "./views/app.js";
import { Keypad, keyDigit } from "./views/keypad.js";

const stroke = (key: string, more = {}) => ({
  key,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  ...more,
});

let root: HTMLElement;

beforeEach(() => {
  root = document.createElement("div");
  document.body.append(root);
});

afterEach(() => {
  act(() => render(null, root));
  root.remove();
});

describe("the keypad", () => {
  it("has twelve keys and tells which was pressed", () => {
    const pressed: string[] = [];
    act(() => render(<Keypad onKey={(key) => pressed.push(key)} />, root));
    const keys = [...root.querySelectorAll("button")];
    for (const key of keys) key.click();
    expect(pressed.join("")).toBe("123456789*0#");
    expect(keys.map((key) => key.getAttribute("aria-label")).filter(Boolean)).toEqual([
      "star",
      "pound",
    ]);
  });

  it("takes digits of the keyboard, but no shortcuts", () => {
    expect(keyDigit(stroke("5"))).toBe("5");
    expect(keyDigit(stroke("#"))).toBe("#");
    expect(keyDigit(stroke("5", { ctrlKey: true }))).toBeUndefined();
    for (const key of ["a", "Enter", "F1", "+", "55"]) expect(keyDigit(stroke(key))).toBeUndefined();
  });
});

describe("the page", () => {
  it("asks for a token, then shows the dial field", () => {
    const phone = makePhone();
    act(() => render(<App phone={phone} />, root));
    expect(root.querySelector("#token")).not.toBeNull();
    act(() => void (phone.line.value = "online"));
    expect(root.querySelector("#token")).toBeNull();
    const field = root.querySelector<HTMLInputElement>("#number");
    act(() => phone.key("7"));
    expect(field?.value).toBe("7");
  });

  it("speaks its state and its errors through live regions", () => {
    const phone = makePhone();
    act(() => render(<App phone={phone} />, root));
    const alert = root.querySelector('[role="alert"]');
    act(() => void (phone.notice.value = { text: "No.", bad: true }));
    expect(alert?.textContent).toBe("No.");
    act(() => void (phone.line.value = "online"));
    expect(root.querySelector('[role="status"]')?.textContent).toBe("Ready");
  });
});

describe("the token", () => {
  const place = (hash: string, search = "") => ({ hash, search, pathname: "/phone" });

  beforeEach(() => sessionStorage.clear());

  it("leaves the address and stays in the tab", () => {
    const replaceState = vi.fn();
    expect(readAddress(place("#token=bfd_1", "?dial=demo"), { replaceState })).toEqual({
      token: "bfd_1",
      dial: "demo",
    });
    expect(replaceState).toHaveBeenCalledWith(null, "", "/phone?dial=demo");
    expect(readAddress(place(""), { replaceState }).token).toBe("bfd_1");
    keepToken("");
    expect(readAddress(place(""), { replaceState }).token).toBe("");
  });
});

it("loudness goes from silence to full scale", () => {
  expect(loudness(new Float32Array(64))).toBe(0);
  expect(loudness(new Float32Array(64).fill(1))).toBe(1);
  expect(loudness(new Float32Array(64).fill(0.05))).toBeCloseTo(0.52, 1);
});
