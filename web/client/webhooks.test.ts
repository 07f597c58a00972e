/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What we sign, the library that customers use takes. The C side makes the
 * same signatures: tests/unit/common/test_webhook_sign.c */
import { readFileSync } from "node:fs";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { afterEach, describe, expect, it, vi } from "vitest";

interface Vector {
  secret: string;
  id: string;
  timestamp: number;
  body: string;
  signature: string;
}

const vectors = JSON.parse(
  readFileSync("../tests/unit/common/webhook_signatures.json", "utf8"),
) as Vector[];

function verify(v: Vector, signature: string) {
  vi.useFakeTimers({ now: v.timestamp * 1000 });
  return new Webhook(v.secret).verify(v.body, {
    "webhook-id": v.id,
    "webhook-timestamp": String(v.timestamp),
    "webhook-signature": signature,
  });
}

afterEach(() => {
  vi.useRealTimers();
});

describe("signatures of webhooks", () => {
  it.each(vectors)("are verified: $id", (v) => {
    expect(verify(v, v.signature)).toEqual(JSON.parse(v.body));
  });

  it.each(vectors)("are found in a list while a secret rotates: $id", (v) => {
    const other = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    expect(verify(v, `${other} ${v.signature}`)).toEqual(JSON.parse(v.body));
    expect(verify(v, `${v.signature} ${other}`)).toEqual(JSON.parse(v.body));
    expect(() => verify(v, other)).toThrow(WebhookVerificationError);
  });

  it.each(vectors)("do not fit another body: $id", (v) => {
    expect(() => verify({ ...v, body: `${v.body} ` }, v.signature)).toThrow(
      WebhookVerificationError,
    );
  });
});
