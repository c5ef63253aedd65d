import { etcdOptions } from "../../../plugins/etcd/spec.ts";
import { etcdPlaybook as playbook } from "../../../plugins/etcd/playbook.ts";
import { definePlugin, type Plugin } from "../../../src/playbook/options.ts";

const describe = () => {
  throw new Error("reading a config binds nothing");
};

/** What the config tests read with: etcd's own options, and a plugin that has one option of every kind. */
export const plugins: readonly Plugin[] = [
  definePlugin({ name: "etcd", options: etcdOptions, playbook, describe }),
  definePlugin({
    name: "kinds",
    options: {
      word: { kind: "string", doc: "A word.", required: true },
      place: { kind: "path", doc: "A place." },
      count: { kind: "integer", doc: "A count.", min: 2, max: 9, default: 3 },
      flag: { kind: "boolean", doc: "A flag." },
      wait: { kind: "duration", doc: "A wait.", default: "2s" },
      words: { kind: "map", doc: "Words." },
    },
    playbook,
    describe,
  }),
];
