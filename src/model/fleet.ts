/**
 * The outside world as the engine sees it: nodes that run shell scripts. SSH implements these interfaces for real
 * hosts (`src/ssh`), and a simulator can implement them for hosts that exist only in memory; nothing above knows
 * which one it talks to.
 *
 * @module
 */

/** Why no command could be sent to a node. `detail` is for a person; `unblock` says what to do. */
export interface Trouble {
  readonly code:
    | "unreachable" // no route, refused, timed out while connecting, name not found
    | "hostKeyUnknown"
    | "hostKeyChanged"
    | "hostKeyRevoked"
    | "authRefused"
    | "keyUnusable" // a key file that is missing, unreadable, of an unsupported kind, or needs a passphrase
    | "becomeRefused"; // sudo asks for a password, or the user may not
  readonly detail: string;
  readonly unblock: string;
}

/** What became of one script on one node. A `Fleet` never throws for these: bad luck is a value. */
export type Reply =
  /** It ran to its end. Output is byte-exact. */
  | {
    readonly kind: "exited";
    readonly code: number;
    readonly stdout: Uint8Array;
    readonly stderr: Uint8Array;
  }
  /** It was ended on the node when its deadline passed. */
  | { readonly kind: "timedOut"; readonly stdout: Uint8Array; readonly stderr: Uint8Array }
  /** Nothing was sent: the node was not touched. */
  | { readonly kind: "unreachable"; readonly trouble: Trouble }
  /** The connection went away after the script was sent: whether it ran is unknown (S13: observe, then decide). */
  | { readonly kind: "lost"; readonly detail: string };

/**
 * What a script is for: the step, and what that declares to do. A real node needs neither; a simulated one takes the
 * declared effect where it does not know the command.
 */
export interface About {
  readonly step: string;
  readonly effect: { readonly does: string };
}

/** A shell on a node that holds a lock for as long as its connection lives (S20). */
export interface Session {
  readonly node: string;
  /** What stood in the lock before it was taken: the last holder's word that it let go, or nothing. */
  readonly found: string;
  /** False as soon as the connection is known to be gone; the lock may then be somebody else's. */
  readonly held: boolean;
  /**
   * Runs a script as a child of the session that holds the lock. It does not start after `notAfterMs` from now by
   * the node's own clock, so a command that wakes up late does nothing (S16); then the reply is `timedOut`.
   */
  run(
    script: string,
    options: { readonly timeoutMs: number; readonly notAfterMs?: number; readonly about?: About },
  ): Promise<Reply>;
  /**
   * The agent that holds the lock has answered within the last `withinMs`, or answers now. It lets the lock go only long
   * after it has heard the last of its manager.
   */
  alive(withinMs: number): Promise<boolean>;
  close(): Promise<void>;
}

export type SessionReply =
  | { readonly kind: "held"; readonly session: Session }
  /** Somebody else holds the lock; `holder` is what they wrote into it ("host:pid since …"), or "". */
  | { readonly kind: "busy"; readonly holder: string }
  | { readonly kind: "failed"; readonly reply: Reply };

/** All nodes of a config. One connection a node is opened at first use and kept until `close`. */
export interface Fleet {
  /** Runs a POSIX sh script on a node, as root, its text sent on standard input. */
  run(node: string, script: string, options: { readonly timeoutMs: number }): Promise<Reply>;
  /** Opens a shell on a node that holds `flock` on `lockPath` (made if missing) without waiting for it. */
  lock(node: string, lockPath: string): Promise<SessionReply>;
  /** Reads a file on a node as root and hands it on in pieces; resolves when every piece has been taken. */
  fetch(
    node: string,
    path: string,
    sink: (piece: Uint8Array) => void | Promise<void>,
    options: { readonly timeoutMs: number },
  ): Promise<Reply>;
  close(): Promise<void>;
}
