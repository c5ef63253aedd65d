import assert from "node:assert/strict";
import type { EtcdOptions } from "../../../plugins/etcd/options.ts";
import { etcdPlaybook } from "../../../plugins/etcd/playbook.ts";
import type { etcdOptions } from "../../../plugins/etcd/spec.ts";
import {
  areOptionsOf,
  definePlugin,
  type OptionsOf,
  type OptionsSpec,
} from "../../../src/playbook/options.ts";

const spec = {
  unit: { kind: "string", doc: "A unit.", default: "a.service" },
  port: { kind: "integer", doc: "A port.", required: true },
  wait: { kind: "duration", doc: "A wait." },
  tls: { kind: "group", doc: "TLS.", options: { ca: { kind: "path", doc: "A CA.", required: true } } },
} as const satisfies OptionsSpec;
const read: OptionsOf<typeof spec> = { unit: "a.service", port: 1, tls: { ca: "/ca" } };

Deno.test("a plugin's description gets the options as its own spec types them", () => {
  const plugin = definePlugin({
    name: "example",
    options: spec,
    playbook: etcdPlaybook,
    describe({ options }) {
      const typed: { unit: string; port: number; wait?: number; tls?: { ca: string } } = options;
      // @ts-expect-error an option with no default may be absent
      const wait: number = options.wait;
      // @ts-expect-error there is no such option
      const none: unknown = options.none;
      throw new Error(`${typed.unit} ${typed.port} ${wait} ${none}`);
    },
  });
  assert.throws(
    () => plugin.bind({ name: "a", options: read, nodes: [] }),
    /^Error: a.service 1 undefined undefined$/,
  );
});

Deno.test("a plugin cannot be bound to options of another spec", () => {
  const plugin = definePlugin({
    name: "example",
    options: spec,
    playbook: etcdPlaybook,
    describe() {
      throw new Error("bound");
    },
  });
  assert.throws(() => plugin.bind({ name: "a", options: { unit: "a.service" }, nodes: [] }), TypeError);
});

Deno.test("options of a spec are told from others", () => {
  assert.ok(areOptionsOf(spec, read));
  for (const wrong of [null, {}, { ...read, port: "1" }, { ...read, tls: {} }, { ...read, wait: "5s" }]) {
    assert.ok(!areOptionsOf(spec, wrong), JSON.stringify(wrong));
  }
});

Deno.test("etcd's spec gives etcd's options", () => {
  const same = (o: OptionsOf<typeof etcdOptions>): EtcdOptions => o;
  assert.equal(typeof same, "function");
});
