import assert from "node:assert/strict";
import { withoutSecrets } from "../../../src/config/secrets.ts";

for (
  const [text, told] of [
    ["a: https://h.org:8080/x/y?z=1 # b", "a: https://h.org:8080/******* # b"],
    ["'http://me:pw@h/x', b", "'http://******h/*', b"],
    ["webhook: h.org/secret", "webhook: ************"],
    ["  alerts: { webhook: hooks/x, on: [] }", "  alerts: { webhook: *******, on: [] }"],
    ["n1: { host: 10.0.0.11 }", "n1: { host: 10.0.0.11 }"],
  ] as const
) {
  Deno.test(`of "${text}" is shown what is no secret, at the same columns`, () => {
    assert.equal(withoutSecrets(text), told);
    assert.equal(told.length, text.length);
  });
}
