/** S18: a snapshot is kept only where it arrived as it was. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fetchFile } from "../../../src/engine/fetch.ts";
import type { ServiceRun } from "../../../src/engine/outside.ts";
import type { Reply, Session } from "../../../src/model/fleet.ts";
import { target } from "../core_samples.ts";
import { exited, World } from "./world.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

async function fetching(sent: string, arrives: string | Reply, write = (_: Uint8Array) => Promise.resolve()) {
  const did: string[] = [];
  const ran: string[] = [];
  const session: Session = {
    found: "",
    alive: () => Promise.resolve(true),
    node: "n2",
    held: true,
    run: (script) => {
      ran.push(script);
      return Promise.resolve(exited(0, script.startsWith("sha256sum") ? `${sha256(sent)}  -\n` : ""));
    },
    close: () => Promise.resolve(),
  };
  const { run } = new World(target("n1 n2 n3", "n1 n2 n3", { backup: { keep: 7 } }), "n1 n2 n3");
  const hash = createHash("sha256");
  const scene: ServiceRun = {
    ...run,
    outside: {
      ...run.outside,
      fleet: {
        ...run.outside.fleet,
        fetch: async (_node, _path, sink) => {
          if (typeof arrives !== "string") return arrives;
          for (const piece of arrives.match(/..?/g) ?? []) await sink(new TextEncoder().encode(piece));
          return exited(0);
        },
      },
      store: {
        ...run.outside.store,
        open: () => Promise.reject(new Error("no files here")),
        snapshot: (kind) =>
          Promise.resolve({
            path: `/backups/${kind}-1`,
            write: async (piece) => {
              await write(piece);
              hash.update(piece);
            },
            sha256: () => hash.copy().digest("hex"),
            keep: (count) => Promise.resolve(void did.push(`keep ${count}`)),
            drop: () => Promise.resolve(void did.push("drop")),
          }),
      },
    },
  };
  const reply = await fetchFile(scene, session, { do: "fetch", from: "/s.db", kind: "snapshot" }, 1_000);
  return { reply, did, removed: ran.includes("rm -f -- /s.db") };
}
const code = (reply: Reply) => (reply.kind === "exited" ? reply.code : reply.kind);

Deno.test("a file that arrives as it was is kept, and taken away on the node", async () => {
  const { reply, did, removed } = await fetching("the data", "the data");
  assert.deepEqual([code(reply), did, removed], [0, ["keep 7"], true]);
});

Deno.test("a file that arrives otherwise is dropped, stays on the node, and both hashes are told", async () => {
  const { reply, did, removed } = await fetching("the data", "the dat");
  assert.deepEqual([code(reply), did, removed], [1, ["drop"], false]);
  const said = reply.kind === "exited" ? new TextDecoder().decode(reply.stderr) : "";
  assert.ok(said.includes(sha256("the data")) && said.includes(sha256("the dat")));
});

Deno.test("a connection that goes away, or a disk that is full here, leaves nothing behind", async () => {
  const lost = await fetching("the data", { kind: "lost", detail: "gone" });
  assert.deepEqual([code(lost.reply), lost.did], ["lost", ["drop"]]);
  const full = await fetching("the data", "the data", () => Promise.reject(new Error("No space left")));
  assert.deepEqual([code(full.reply), full.did, full.removed], [1, ["drop"], false]);
});
