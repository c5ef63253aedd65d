/**
 * A management node for leases alone: `lease_manager.ts URL NAME SERVICES`. It goes over its services again and again,
 * as a timer would make it, and works a little on each whose lease it gets. Each line: TIME WORD SERVICE TOKEN; the time
 * of an end is that at which it began to ask whether the lease is still its own: then it was, if the answer is yes.
 */
import { clock } from "../../src/cli/compose.ts";
import { shuffled, sideBySide } from "../../src/engine/side_by_side.ts";
import { Etcd } from "../../src/lease/etcd.ts";
import { EtcdLeases } from "../../src/lease/leases.ts";

const [url = "", holder = "", count = "0"] = Deno.args;
const services = Array.from({ length: Number(count) }, (_, i) => `s${i + 1}`);
const tell = (word: string, service: string, token = "-", at = Date.now()): void =>
  console.log(at, word, service, token);

for (;;) {
  const leases = new EtcdLeases(
    { ttlMs: 3_000, prefix: "/test/", holder, clock },
    () => Promise.resolve(new Etcd({ endpoints: [url] })),
  );
  await sideBySide(shuffled(services), 5, clock, async (service) => {
    const reply = await leases.of(service, false).take();
    if (reply.kind !== "held") return tell(reply.kind, service);
    await using lease = reply.lease;
    tell("begins", service, lease.token);
    await clock.sleep(100);
    const asked = Date.now();
    const hold = await lease.holds();
    tell(hold.kind === "held" ? "ends" : hold.kind, service, lease.token, asked);
  });
  await leases.close();
}
