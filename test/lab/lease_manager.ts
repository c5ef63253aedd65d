/**
 * A management node for leases alone: `lease_manager.ts URL NAME SERVICES`. It goes over its services again and again,
 * as a timer would make it, and works a little on each whose lease it gets. Each line: TIME WORD SERVICE TOKEN.
 */
import { clock } from "../../src/cli/compose.ts";
import { shuffled, sideBySide } from "../../src/engine/side_by_side.ts";
import { Etcd } from "../../src/lease/etcd.ts";
import { EtcdLeases } from "../../src/lease/leases.ts";

const [url = "", holder = "", count = "0"] = Deno.args;
const services = Array.from({ length: Number(count) }, (_, i) => `s${i + 1}`);
const tell = (word: string, service: string, token = "-"): void =>
  console.log(Date.now(), word, service, token);

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
    const hold = await lease.holds();
    tell(hold.kind === "held" ? "ends" : hold.kind, service, lease.token);
  });
  await leases.close();
}
