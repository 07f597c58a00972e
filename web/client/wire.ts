/* SPDX-License-Identifier: GPL-3.0-or-later */

/** What came off the wire is unknown until it was looked at. */
export type Wire = Readonly<Record<string, unknown>>;

export function isWire(value: unknown): value is Wire {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function text(wire: Wire, key: string): string {
  const value = wire[key];
  return typeof value === "string" ? value : "";
}

export function num(wire: Wire, key: string): number {
  const value = wire[key];
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

export function list(wire: Wire, key: string): readonly unknown[] {
  const value = wire[key];
  return Array.isArray(value) ? value : [];
}

/** A message of the plugin: an event by name, or an error. */
export type PluginMessage =
  | { kind: "event"; name: string; body: Wire }
  | { kind: "error"; code: string; detail: string };

export function pluginMessage(value: unknown): PluginMessage | undefined {
  if (!isWire(value)) return undefined;
  if (value["bifrons"] === "event" && text(value, "event"))
    return { kind: "event", name: text(value, "event"), body: value };
  if (value["bifrons"] === "error")
    return {
      kind: "error",
      code: text(value, "code") || "protocol",
      detail: text(value, "detail"),
    };
  return undefined;
}
