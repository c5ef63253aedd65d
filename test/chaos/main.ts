/**
 * `deno task chaos --minutes M --seed S [--etcd 3.4|3.5]`: see chaos.ts. What happens is told on standard error, the
 * report on standard output; the exit code is 1 if anything was wrong.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { warm } from "../../scripts/warm.ts";
import { chaos } from "./chaos.ts";
import { reportText } from "./report.ts";

const usage = "deno task chaos [--minutes M] [--seed S] [--etcd 3.4|3.5]";

function asked(): { readonly minutes: number; readonly seed: number; readonly etcd: "3.4" | "3.5" } {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      minutes: { type: "string", default: "20" },
      seed: { type: "string", default: `${crypto.getRandomValues(new Uint32Array(1))[0]}` },
      etcd: { type: "string", default: "3.4" },
    },
  });
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  if (!(minutes > 0)) throw new TypeError(`--minutes must be a number above 0: it is ${values.minutes}`);
  if (!Number.isSafeInteger(seed)) throw new TypeError(`--seed must be a whole number: it is ${values.seed}`);
  if (values.etcd !== "3.4" && values.etcd !== "3.5") {
    throw new TypeError(`--etcd must be 3.4 or 3.5: it is ${values.etcd}`);
  }
  return { minutes, seed, etcd: values.etcd };
}

let options: ReturnType<typeof asked>;
try {
  options = asked();
} catch (error) {
  console.error(`chaos: ${error instanceof Error ? error.message : error}\n${usage}`);
  Deno.exit(64);
}
await warm();
console.error(`seed ${options.seed}`);
const report = await chaos({ name: "chaos", ...options, say: (line) => console.error(line) });
console.log(`\n${reportText(report)}`);
Deno.exitCode = report.wrong.length === 0 ? 0 : 1;
