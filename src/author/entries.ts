/** Names under which authors import, and the module of Quorate that each is. */
export const entries: Readonly<Record<string, string>> = {
  "quorate": "mod.ts",
  "quorate/plugins/etcd": "plugins/etcd/mod.ts",
  "quorate/plugins/zookeeper": "plugins/zookeeper/mod.ts",
  "quorate/testing": "src/testing/mod.ts",
};
