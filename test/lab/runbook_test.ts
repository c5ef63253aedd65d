/**
 * `plan -o sh`, typed by hand: each section in a root shell of the host that it names, in their order. Afterwards all
 * is as `apply` would have left it, so that the next `apply` finds nothing to do and says nothing.
 */
import assert from "node:assert/strict";
import { DATA, Site } from "./kit.ts";

interface Section {
  readonly title: string;
  readonly host: string;
  readonly text: string;
}

/** A runbook as a person reads it: what stands below a step's comment is typed on the host that the comment names. */
function sectionsOf(runbook: string): readonly Section[] {
  return runbook.split(/^(?=# step )/m).slice(1).map((part) => {
    const [, title = "", host = ""] = /^# (step \S+ \S+), on (n\d+|the management node)\b/.exec(part) ?? [];
    assert.notEqual(host, "", `a section without a host: ${part}`);
    const lines = part.split("\n").filter((line) => !line.startsWith("#"));
    return { title, host, text: lines.join("\n").trim() };
  });
}

Deno.test("a runbook that a person types does what apply does", async (t) => {
  await using site = await Site.up("runbook", { hosts: 4, tls: true });
  const { lab } = site;
  const policy = { stabilize: "0s" };
  const three = await site.config(["n1", "n2", "n3"], { policy });
  const four = await site.config(["n1", "n2", "n3", "n4"], { policy });
  const other = await site.config(["n1", "n2", "n4"], { policy });

  /** Types the plan of a config; what each section answered is in the message of a failure. */
  const type = async (config: string): Promise<void> => {
    const { code, out } = await site.quorate(config, "plan", "-o", "sh");
    assert.equal(code, 0);
    const sections = sectionsOf(out);
    assert(sections.length > 0, out);
    for (const { title, host, text } of sections) {
      if (text === "") continue;
      const { code, stdout, stderr } = await lab.on(host, text, { timeoutMs: 120_000 });
      assert.equal(code, 0, `${title} on ${host} ended with ${code}: ${stderr}${stdout}\n${text}`);
    }
  };

  await t.step("nobody runs it as a whole by accident", async () => {
    const { out } = await site.quorate(three, "plan", "-o", "sh");
    const { code, stderr } = await lab.on("n1", `sh -s <<'RUNBOOK'\n${out}\nRUNBOOK`);
    assert.equal(code, 64);
    assert.match(stderr, /one by one/);
  });

  await t.step("bootstrap", async () => {
    await type(three);
    await site.mustBe("n1", "n2", "n3");
    await site.mustBeSteady(three);
    await site.put("n1", "kept", "yes");
  });

  await t.step("add", async () => {
    await type(four);
    await site.mustBe("n1", "n2", "n3", "n4");
    await site.mustBeSteady(four);
  });

  await t.step("remove the leader", async () => {
    const leader = await site.leader(["n1", "n2", "n3", "n4"]);
    const id = (await site.members("n1")).find((m) => m.name === "n4")?.id;
    if (leader !== "n4") await site.etcdctl(leader, `move-leader ${id}`);
    await type(three);
    await site.mustBe("n1", "n2", "n3");
    await site.mustBeSteady(three);
    assert.equal(
      (await lab.on("n4", `pidof etcd; ls -A ${DATA}`)).stdout,
      "",
      "fenced, and its data set aside",
    );
  });

  await t.step("replace", async () => {
    await type(other);
    await site.mustBe("n1", "n2", "n4");
    await site.mustBeSteady(other);
  });

  await t.step("repairWiped", async () => {
    await lab.must("n2", "systemctl stop etcd");
    await lab.wipe("n2", DATA);
    await type(other);
    await site.mustBe("n1", "n2", "n4");
    await site.mustBeSteady(other);
    assert.equal(await site.get("n2", "kept"), "yes");
  });

  await t.step("repairConfig", async () => {
    const config = await site.config(["n1", "n2", "n4"], {
      policy,
      options: { env: { ETCD_SNAPSHOT_COUNT: "20000" } },
    });
    await type(config);
    await site.mustBe("n1", "n2", "n4");
    await site.mustBeSteady(config);
  });
});
