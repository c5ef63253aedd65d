/**
 * Playbooks and plugins of an operator's own: what they import is what runs here. Imported only where a config names one.
 *
 * @module
 */
import type { Config, Problem } from "../config/config.ts";
import { targetsOf } from "../config/targets.ts";
import { Own } from "../load/own.ts";
import { rehearse } from "../load/rehearse.ts";
import { isCases } from "../playbook/playbook.ts";
import * as testing from "../testing/mod.ts";
import * as etcd from "../../plugins/etcd/mod.ts";
import * as zookeeper from "../../plugins/zookeeper/mod.ts";
import * as quorate from "../../mod.ts";
import { plugins, serviceOf } from "./plugins.ts";

/** The one of this process. */
export const own = new Own(
  {
    "quorate": quorate,
    "quorate/plugins/etcd": etcd,
    "quorate/plugins/zookeeper": zookeeper,
    "quorate/testing": testing,
  },
  plugins,
);

/** What is wrong with the files that a config names, each of their cases run on sample facts. */
export function rehearsed(config: Config): readonly Problem[] {
  const targets = targetsOf(config);
  const problems = config.services.flatMap((service) => {
    const target = targets.find((t) => t.service === service.name);
    const path = service.playbook?.path ?? service.own?.path;
    if (target === undefined || path === undefined) return [];
    return rehearse({
      bind: () => serviceOf(config, service, service.playbook?.cases),
      bindTo: (playbook) => isCases(playbook) ? serviceOf(config, service, playbook) : undefined,
      target,
      path,
    }, own.modules);
  });
  return [...new Map(problems.map((p) => [`${p.path}:${p.line}:${p.message}`, p])).values()];
}
