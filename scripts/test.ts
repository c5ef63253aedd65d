/**
 * All tests: types, units, goldens, properties, examples in doc comments, simulated schedules, a real sshd, real
 * hosts. Installs the Debian packages that the real ones need, and says so. The last line is `N passed, N failed`; any failure exits with 1.
 *
 * `deno task test [GROUP…]` runs some of the groups only.
 *
 * @module
 */
import { setup } from "../lab/setup.ts";
import { warm } from "./warm.ts";

interface Group {
  readonly name: string;
  readonly args: readonly string[];
  /** Needs packages beyond Deno. */
  readonly real?: boolean;
  /** Files at a time. */
  readonly jobs?: number;
}

const test = ["test", "-A", "--no-check"];
const hosts = ["hosts", "hosts_etcd", "hosts_end"].map((name) => `test/lab/${name}_test.ts`);
const groups: readonly Group[] = [
  { name: "types", args: ["check", "mod.ts", "src", "plugins", "lab", "scripts", "test", "examples"] },
  { name: "unit", args: [...test, "--parallel", "test/unit", "test/golden", "test/property"] },
  { name: "doc", args: ["test", "-A", "--doc", "--parallel", "mod.ts", "src", "plugins"] },
  { name: "sim", args: [...test, "--parallel", "test/sim", "test/planner"] },
  { name: "exe", args: [...test, "--parallel", "test/exe"], jobs: 2, real: true },
  { name: "sshd", args: [...test, "--sanitize-ops", "--sanitize-resources", "test/sshd"], real: true },
  { name: "hosts", args: [...test, ...hosts], real: true },
  // Most of their time is waiting, so three files at a time; those of the lab itself look at what the machine holds.
  {
    name: "lab",
    args: [...test, "--parallel", `--ignore=${hosts.join(",")}`, "test/lab"],
    jobs: 3,
    real: true,
  },
];

const asked = Deno.args.length === 0 ? groups : groups.filter((g) => Deno.args.includes(g.name));
if (asked.length === 0) {
  const names = groups.map((g) => g.name).join(", ");
  console.error(`There is no group ${Deno.args.join(", ")}: name some of ${names}`);
  Deno.exit(64);
}
await warm();
if (asked.some((g) => g.real)) {
  await setup("3.4", "3.8");
  await setup("3.5", "3.9");
}

const folder = Deno.makeTempDirSync({ prefix: "quorate-test-" });
let passed = 0, failed = 0;
try {
  for (const group of asked) {
    console.log(`\n── ${group.name}`);
    const ended = await runGroup(group);
    passed += ended.passed;
    failed += ended.failed;
    console.log(`── ${group.name}: ${ended.passed} passed, ${ended.failed} failed, ${ended.seconds} s`);
  }
} finally {
  Deno.removeSync(folder, { recursive: true });
}
console.log(`\n${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);

async function runGroup({ name, args, jobs }: Group) {
  const began = performance.now();
  const report = `${folder}/${name}.xml`;
  const isTest = args[0] === "test";
  const counted = isTest ? [...args, `--junit-path=${report}`] : [...args];
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: counted,
    ...(jobs === undefined ? {} : { env: { DENO_JOBS: String(jobs) } }),
  }).spawn().status;
  const seconds = Math.round((performance.now() - began) / 1000);
  const ended = isTest ? count(report) : { passed: code === 0 ? 1 : 0, failed: 0 };
  // A group that ends badly without a failed test (a module that does not load, a leak) has failed as a whole.
  return { ...ended, failed: Math.max(ended.failed, code === 0 ? 0 : 1), seconds };
}

/** From Deno's JUnit report. */
function count(report: string): { readonly passed: number; readonly failed: number } {
  let text: string;
  try {
    text = Deno.readTextFileSync(report);
  } catch {
    return { passed: 0, failed: 1 };
  }
  const total = (key: string) =>
    Number(new RegExp(`<testsuites [^>]*\\b${key}="(\\d+)"`).exec(text)?.[1] ?? 0);
  const bad = total("failures") + total("errors");
  return { passed: total("tests") - bad, failed: bad };
}
