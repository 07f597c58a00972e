/* SPDX-License-Identifier: GPL-3.0-or-later */
import { playKey } from "../tones.js";

const keys: readonly (readonly [string, string])[] = [
  ["1", ""],
  ["2", "ABC"],
  ["3", "DEF"],
  ["4", "GHI"],
  ["5", "JKL"],
  ["6", "MNO"],
  ["7", "PQRS"],
  ["8", "TUV"],
  ["9", "WXYZ"],
  ["*", ""],
  ["0", ""],
  ["#", ""],
];

const names: Record<string, string> = { "*": "star", "#": "pound" };

/** The digit that a key of the keyboard stands for, or undefined. */
export function keyDigit(
  event: Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "metaKey">,
): string | undefined {
  if (event.ctrlKey || event.altKey || event.metaKey) return undefined;
  return /^[0-9*#]$/.test(event.key) ? event.key : undefined;
}

export function Keypad({
  onKey,
  disabled = false,
}: {
  onKey: (key: string) => void;
  disabled?: boolean;
}) {
  const press = (key: string) => {
    playKey(key);
    onKey(key);
  };
  return (
    <div class="keypad" role="group" aria-label="Keypad">
      {keys.map(([key, letters]) => (
        <button
          key={key}
          type="button"
          disabled={disabled}
          data-key={key}
          data-letters={letters}
          aria-label={names[key]}
          onClick={() => press(key)}
        >
          {key}
        </button>
      ))}
    </div>
  );
}
