/** Hosts with etcd's programs and nothing else: Quorate writes the unit, too. */
import { Site } from "./kit.ts";

Deno.test("hosts that have only the binary form a cluster, and one more joins", async () => {
  await using site = await Site.up("binary", { hosts: 4, bareBinary: true });
  const three = await site.config(["n1", "n2", "n3"]);
  await site.apply(three);
  await site.mustBe("n1", "n2", "n3");
  const four = await site.config(["n1", "n2", "n3", "n4"]);
  await site.apply(four);
  await site.mustBe("n1", "n2", "n3", "n4");
  await site.mustBeSteady(four);
});
