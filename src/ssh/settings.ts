/** What a config says about reaching a node. Everything here is optional: `ssh_config` and defaults fill the rest. */
export interface SshSettings {
  /** The login name. Default: `User` of ssh_config, else the local user's name. */
  readonly user?: string;
  /** TCP port. Default: `Port` of ssh_config, else 22. */
  readonly port?: number;
  /** Private key files, tried before the agent and before the default ones. `~` is the home directory. */
  readonly identityFiles?: readonly string[];
  /** Files of accepted host keys, instead of the user's and the system's own. `~` is the home directory. */
  readonly knownHosts?: readonly string[];
  /** `[user@]host[:port]` to go through; several hops are joined by commas; `none` overrides ssh_config. */
  readonly jump?: string;
  /** How to become root after the login. Left out, or with the user `root`: not at all. */
  readonly become?: "sudo";
  /** Milliseconds from the start of the TCP connection to the end of the login. Default: 10 000. */
  readonly connectTimeoutMs?: number;
  /** Gives the passphrase of encrypted key files. Default: the variable `QUORATE_SSH_PASSPHRASE`. */
  readonly passphrase?: () => string | undefined;
}

/** A node and how to reach it: the node's settings laid over the global ones. */
export interface SshTarget {
  /** The node's name in the config; what `Fleet` calls are made with. */
  readonly name: string;
  /** A host name, an address, or a `Host` alias of ssh_config. */
  readonly host: string;
  readonly ssh: SshSettings;
}
