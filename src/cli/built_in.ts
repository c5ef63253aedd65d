/** The names of the plugins that are built in, the first one as what is meant unless told: the help loads none of them. */
export const builtIn = ["etcd", "zookeeper"] as const;
