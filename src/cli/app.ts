/**
 * All commands: what each takes is in `commands/`, what each does is imported only when it runs.
 *
 * @module
 */
import { buildApplication, buildRouteMap, help, text_en, version } from "@stricli/core";
import { completion, init, schedule, schema, validate } from "./commands/config.ts";
import { apply, journal, plan, status } from "./commands/keep.ts";
import { forget, recover, restore, snapshots } from "./commands/lost.ts";
import { check, explain, simulate, types } from "./commands/playbooks.ts";
import { rootHelp, shown } from "./help.ts";
import { versionText } from "./version.ts";

const routes = buildRouteMap({
  routes: {
    plan: shown("plan", plan),
    apply: shown("apply", apply),
    status: shown("status", status),
    snapshots: shown("snapshots", snapshots),
    recover: shown("recover", recover),
    restore: shown("restore", restore),
    forget: shown("forget", forget),
    validate: shown("validate", validate),
    explain: shown("explain", explain),
    simulate: shown("simulate", simulate),
    journal: shown("journal", journal),
    schedule: shown("schedule", schedule),
    init: shown("init", init),
    check: shown("check", check),
    types: shown("types", types),
    schema: shown("schema", schema),
    completion: shown("completion", completion),
  },
  docs: {
    brief: "Keeps the members of quorum services as a config says",
    fullDescription: rootHelp,
  },
});

const formatting = {
  caseStyle: "convert-camel-to-kebab",
  useAliasInUsageLine: false,
  onlyRequiredInUsageLine: true,
} as const;

export const app = buildApplication(routes, {
  name: "quorate",
  scanner: {
    caseStyle: "allow-kebab-for-camel",
    allowArgumentEscapeSequence: true,
    // As many edits as a slip of the fingers makes; the default would take any word for a typo of any other.
    distanceOptions: {
      threshold: 3,
      weights: { insertion: 1, deletion: 3, substitution: 2, transposition: 0 },
    },
  },
  documentation: { disableAnsiColor: true },
  localization: {
    text: {
      ...text_en,
      exceptionWhileParsingArguments: (error) =>
        `quorate: ${error instanceof Error ? error.message : error}; see --help`,
      noCommandRegisteredForInput: ({ input, corrections }) =>
        input.startsWith("-")
          ? `quorate: there is no command behind ${input}; see --help`
          : `quorate: there is no command ${input}` +
            (corrections.length > 0 ? `, did you mean ${corrections.join(" or ")}?` : "; see --help"),
    },
  },
}, {
  help: help({ brief: "Print help and exit", defaultForRouteMap: true, formatting, complete: true }),
  version: version({
    brief: "Print the version and exit",
    alias: false,
    info: { currentVersion: versionText() },
    complete: true,
  }),
});
