import assert from "node:assert/strict";
import { sharing } from "../../../src/ssh/shared.ts";

const target = (name: string, host: string, user = "root") => ({ name, host, ssh: { user } });

Deno.test("one target a host and login, whatever the files call it; two hosts of one name are two", () => {
  const { targets, names } = sharing([
    [target("n1", "a"), target("n2", "b")],
    [target("n1", "b"), target("x", "a"), target("n2", "c"), target("y", "a", "other")],
  ]);
  assert.deepEqual(targets.map((t) => [t.name, t.host, t.ssh.user]), [
    ["n1", "a", "root"],
    ["n2", "b", "root"],
    ["n2#2", "c", "root"],
    ["y", "a", "other"],
  ]);
  assert.deepEqual(names.map((own) => Object.fromEntries(own)), [
    { n1: "n1", n2: "n2" },
    { n1: "n2", x: "n1", n2: "n2#2", y: "y" },
  ]);
});
