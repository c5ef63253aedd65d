/**
 * How hosts are logged in to that no config names yet: as `--from` says, and for the rest as ssh_config does.
 *
 * @module
 */

/** What the config will say under `ssh:`. */
export interface SshLogin {
  readonly user: string | undefined;
  readonly become: "sudo" | undefined;
}

/** One `--from`. */
export interface From {
  /** As it was typed. */
  readonly text: string;
  readonly host: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
}
