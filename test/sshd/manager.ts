/** A manager that takes a lock and runs a script under it, to be killed by a test. */
import { sshFleet } from "../../src/ssh/fleet.ts";
import { bare } from "./sshd.ts";

const { ssh, lock, home } = JSON.parse(Deno.env.get("MANAGER") ?? "");
const fleet = sshFleet([{ name: "n", host: "127.0.0.1", ssh }], { surroundings: bare(home) });
const taken = await fleet.lock("n", lock);
if (taken.kind === "held") {
  await taken.session.run(`touch ${home}/running`, { timeoutMs: 10_000 });
  await new Promise((resolve) => setTimeout(resolve, 600_000));
}
