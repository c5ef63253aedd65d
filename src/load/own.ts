/**
 * Playbooks and plugins of an operator's own: loaded, looked at, and kept from touching anything but their own service.
 *
 * @module
 */
import type { OwnFiles, OwnPlaybook, OwnPlugin, Problem } from "../config/config.ts";
import { optionsSchema } from "../config/options.ts";
import { caseNames } from "../model/change.ts";
import type { OptionSpec, Plugin } from "../playbook/options.ts";
import { isCases } from "../playbook/playbook.ts";
import { guardPlaybook, guardPlugin } from "./guard.ts";
import { Modules, type Running } from "./modules.ts";
import { spotOf } from "./spots.ts";

const DEFAULT = /\bexport\s+(default)\b/;
const PLUGIN_NAME = /^[A-Za-z][A-Za-z0-9._-]*$/;

/** Loads them into this process; `running` is what they import. Make one a process. */
export class Own implements OwnFiles {
  readonly modules: Modules;
  readonly #taken: readonly string[];

  constructor(running: Running, plugins: readonly Plugin[]) {
    this.modules = new Modules(running);
    this.#taken = plugins.map((p) => p.name);
  }

  async playbook(path: string): Promise<OwnPlaybook | Problem> {
    const value = await this.#exported(path, "export default extend(playbook, { … });");
    if ("severity" in value) return value;
    const cases = value.default;
    if (isCases(cases)) {
      return {
        path,
        cases,
        guard: (service) => guardPlaybook(service, this.modules, path),
      };
    }
    const given = typeof cases === "object" && cases !== null ? Object.entries(cases) : [];
    const has = new Set(given.filter(([, steps]) => typeof steps === "function").map(([name]) => name));
    const missing = caseNames.filter((name) => !has.has(name));
    return this.modules.problem(path, spotOf(this.modules.textOf(path), DEFAULT), {
      message: has.size === 0 ? "this is no playbook" : `the playbook has no case ${missing.join(", ")}`,
      expected: `a function for each of ${caseNames.join(", ")}, as playbook() and extend() give them`,
    });
  }

  async plugin(path: string): Promise<OwnPlugin | Problem> {
    const value = await this.#exported(path, "export default definePlugin({ … });");
    if ("severity" in value) return value;
    const wrong = (said: { readonly message: string; readonly expected: string }) =>
      this.modules.problem(path, spotOf(this.modules.textOf(path), DEFAULT), said);
    const plugin = value.default;
    if (!isPlugin(plugin)) {
      return wrong({
        message: "this is no plugin",
        expected: "what definePlugin({ name, options, playbook, describe }) gives",
      });
    }
    if (!PLUGIN_NAME.test(plugin.name) || this.#taken.includes(plugin.name)) {
      return wrong({
        message: `a plugin of one's own cannot be called "${plugin.name}"`,
        expected: `a word, and none of ${this.#taken.join(", ")}`,
      });
    }
    try {
      optionsSchema(plugin.options);
    } catch (error) {
      return wrong({
        message: `the options of the plugin cannot be read: ${
          error instanceof Error ? error.message : error
        }`,
        expected: "for each option a kind, a doc, and what that kind takes",
      });
    }
    return { path, plugin, guard: (service) => guardPlugin(service, this.modules, path) };
  }

  /** A file by what it exports. */
  async either(path: string): Promise<OwnPlugin | OwnPlaybook | Problem> {
    const value = await this.modules.load(path);
    return !isProblem(value) && isPlugin(value.default) ? this.plugin(path) : this.playbook(path);
  }

  async #exported(path: string, expected: string): Promise<{ readonly default: unknown } | Problem> {
    const value = await this.modules.load(path);
    if (isProblem(value)) return value;
    if ("default" in value) return { default: value.default };
    return this.modules.problem(path, undefined, { message: "the file has no default export", expected });
  }
}

const isProblem = (value: Readonly<Record<string, unknown>> | Problem): value is Problem =>
  "severity" in value && "message" in value && "line" in value;

const kinds: readonly OptionSpec["kind"][] = [
  "string",
  "path",
  "integer",
  "boolean",
  "duration",
  "map",
  "group",
];
function isPlugin(value: unknown): value is Plugin {
  if (typeof value !== "object" || value === null) return false;
  const { name, options, bind }: Readonly<Record<string, unknown>> = { ...value };
  return typeof name === "string" && typeof bind === "function" && typeof options === "object" &&
    options !== null &&
    Object.values(options).every((one: unknown) =>
      typeof one === "object" && one !== null && "kind" in one && kinds.some((kind) => kind === one.kind)
    );
}
