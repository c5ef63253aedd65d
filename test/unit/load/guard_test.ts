/** What an author's file does wrong only on real facts ends as a refusal of its own service. */
import assert from "node:assert/strict";
import { baseId, type HostNode } from "../../../mod.ts";
import { bind } from "../../../src/cli/plugins.ts";
import { own, rehearsed } from "../../../src/cli/own.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { caseNames } from "../../../src/model/change.ts";
import { sampleCluster, samplesOf } from "../../../src/plan/sample.ts";
import { planService } from "../../../src/plan/plan.ts";
import { plugins } from "../../../src/cli/plugins.ts";
import { host, target } from "../core_samples.ts";
import { World } from "../engine/world.ts";
import { options as etcdDefaults } from "../etcd/options.ts";
import { fakeService } from "../fake_service.ts";
import { Author, configOf } from "./author.ts";

const head = `import { anyVoter, extend, management, nothing, removes, run, sh, step } from "quorate";
import { etcdPlaybook } from "quorate/plugins/etcd";
`;
/** Throws on n3 that runs a version: sample facts have none. */
const late = `${head}export default extend(etcdPlaybook, {
  remove: {
    before: {
      remove: (f) => {
        if (f.member.version !== undefined) throw new Error("not with " + f.member.version);
        return [];
      },
    },
  },
});
`;

async function bound(author: Author) {
  const { config, problems } = await loadConfig(
    { path: "q.yaml", env: {}, cwd: author.dir },
    plugins,
    () => Promise.resolve(own),
  );
  assert.deepEqual(problems, []);
  assert.ok(config);
  assert.deepEqual(rehearsed(config), []);
  const [one] = config.services;
  assert.ok(one);
  return bind(config, one);
}
const versions = (service: Awaited<ReturnType<typeof bound>>, version: string | undefined) => {
  const all: readonly HostNode[] = service.target.nodes;
  const seen = sampleCluster(service.target, all);
  return { ...seen, members: seen.members.map((m) => ({ ...m, version })) };
};

Deno.test("a case that throws on real facts is a refusal that names file and line", async () => {
  using author = new Author({ "q.yaml": configOf("./playbook.ts"), "playbook.ts": late });
  const one = await bound(author);
  const [, , , n4] = one.target.nodes;
  const plan = (version: string | undefined) => {
    const seen = versions(one, version);
    const member = seen.members.find((m) => m.node === "n4");
    assert.ok(member && n4);
    return planService(one.service, one.target, {
      seen,
      verdict: { kind: "change", change: { case: "remove", member, node: n4 } },
      memory: { attempts: {} },
      wallMs: 0,
    });
  };
  assert.equal(plan(undefined).changes[0]?.steps[0]?.id, "snapshot");
  const refused = plan("3.5.16");
  assert.deepEqual([refused.case, refused.changes], ["refused", []]);
  assert.deepEqual(refused.refusals, [{
    rule: "playbook",
    evidence: `${author.dir}/playbook.ts:7:51: the case remove threw: not with 3.5.16`,
    unblock: `mend it; \`quorate check ${author.dir}/playbook.ts\` runs every case without touching a host`,
  }]);
});

Deno.test("apply of one service refuses what its playbook throws, and runs no command", async () => {
  using author = new Author({
    "q.yaml": configOf("./playbook.ts"),
    "playbook.ts": late.replace("f.member.version !== undefined", 'f.seen.service === "kv"'),
  });
  const { service } = await bound(author);
  const { steps } = service;
  // The engine with the author's steps, over fake hosts.
  const world = new World(target("n1 n2 n3", "n1 n2 n3 n4"), "n1 n2 n3 n4", { ...fakeService, steps });
  const { outcome } = await world.apply();
  assert.equal(outcome, "refused");
  assert.deepEqual(world.refusedBy(), ["playbook"]);
  assert.deepEqual(world.log, []);
});

const broken = `import { etcd } from "quorate/plugins/etcd";
export default {
  ...etcd,
  name: "mine",
  bind: (to, playbook) => ({
    ...etcd.bind(to, playbook),
    read: () => {
      throw new Error("cannot read");
    },
    check: () => JSON.parse("{"),
  }),
};
`;

Deno.test("a plugin that throws leaves its service unknown, with a reason, and forbids its changes", async () => {
  using author = new Author({ "q.yaml": configOf(undefined, "./mine.ts"), "mine.ts": broken });
  const { service } = await bound(author);
  const node = host("n1");
  assert.equal(service.check(node), "ask broken 0 false");
  const sight = service.read({}, node);
  assert.deepEqual([sight.view, sight.disk], [undefined, "unknown"]);
  assert.match(sight.notices[0]?.text ?? "", /mine\.ts:10:23: check threw: SyntaxError: /);
  const refusal = service.forbids({ case: "add", node }, sampleCluster(target("n1 n2 n3"), []));
  assert.equal(refusal?.rule, "plugin");
});

Deno.test("every step of the built-in playbook can be amended: each is in some sample", () => {
  const files = ["plugins/etcd/pieces.ts", "plugins/etcd/playbook.ts", "src/playbook/pieces.ts"];
  const source = files.map((name) => Deno.readTextFileSync(new URL(`../../../${name}`, import.meta.url)))
    .join();
  const written = new Set([...source.matchAll(/\b(?:step)\(\s*["`]([a-z-]+)/g)].map((m) => m[1] ?? ""));
  assert.ok(written.size > 20);
  const t = target("n1 n2 n3", "n1 n2 n3 n4");
  const etcd = plugins[0]?.bind({ name: "kv", options: { ...etcdDefaults, tls: undefined }, nodes: t.nodes });
  const seen = caseNames.flatMap((kind) => samplesOf(t, kind)).flatMap(({ change, seen }) =>
    etcd?.steps(change, { seen, desired: t.desired, backup: true, joinTimeoutMs: 1 }) ?? []
  );
  assert.deepEqual([...written].filter((id) => !seen.some((s) => baseId(s.id) === id)), []);
});
