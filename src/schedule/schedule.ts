/**
 * What shall be run, and how often: what `quorate schedule` makes files of.
 *
 * @module
 */

/** Paths are absolute and have no control characters: `flawOf` tells. */
export interface Schedule {
  /** The program, and what stands between it and the command: more than one word where it runs from source. */
  readonly program: readonly string[];
  readonly config: string;
  /** The state directory. */
  readonly state: string;
  readonly everyMs: number;
  /** After this long a run is asked to stop. */
  readonly limitMs: number;
  /** What `QUORATE_CACHE` names. */
  readonly cache?: string;
  /** Whether the executable unpacks itself. */
  readonly unpacks: boolean;
  /** Folders besides the state directory that are written to: those of backups and of the metrics file. */
  readonly writes: readonly string[];
}

/** A file as it shall be. */
export interface Wanted {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

export const KINDS = ["systemd", "cron"] as const;
/** Who starts the runs. */
export type Kind = typeof KINDS[number];

/** How long a running step gets to its end, once a run was asked to stop. */
export const GRACE_S = 600;

/** The words of one run. */
export const words = ({ program, config, state }: Schedule): readonly string[] => [
  ...program,
  "apply",
  "--config",
  config,
  "--state",
  state,
];

/**
 * Managers that were installed at the same time, from the same image say, must not ask all nodes at the same moment:
 * each run begins up to a tenth of the interval later.
 */
export const jitterS = ({ everyMs }: Schedule): number => Math.floor(everyMs / 10_000);

/** What was asked for, as a file of ours tells it in its second line. */
export interface Asked {
  readonly config: string;
  readonly state: string;
  readonly everyMs: number;
  /** As in Schedule: of who installed it, not of who looks at it. */
  readonly cache?: string;
}

const MADE = "Made by `quorate schedule install`, taken away by `quorate schedule remove`.";

/** The first lines of every file of ours: without them a file is somebody else's. */
export const heading = ({ config, state, everyMs, cache }: Asked, hint: string): string =>
  `# ${MADE} ${hint}\n# ${JSON.stringify({ config, state, everyMs, cache })}\n`;

export const isOurs = (text: string): boolean => text.startsWith(`# ${MADE}`);

/** What a file of ours was asked to be; undefined where it does not tell. */
export function askedIn(text: string): Asked | undefined {
  const line = text.split("\n", 2)[1] ?? "";
  try {
    const { config, state, everyMs, cache } = JSON.parse(line.slice(2));
    return typeof config === "string" && typeof state === "string" && typeof everyMs === "number"
      ? { config, state, everyMs, ...(typeof cache === "string" ? { cache } : {}) }
      : undefined;
  } catch {
    return undefined;
  }
}

// deno-lint-ignore no-control-regex -- these are what must not get in
const UNWRITABLE = /[\x00-\x1f\x7f\\"]/;

/** Why no file can be written for it; undefined where it can. */
export function flawOf(schedule: Schedule, kind: Kind): string | undefined {
  const { program, config, state, writes, cache } = schedule;
  const named = [...program, config, state, ...writes, ...cache === undefined ? [] : [cache]];
  const odd = named.find((one) => UNWRITABLE.test(one));
  if (odd !== undefined) {
    return `${
      JSON.stringify(odd)
    } has a quotation mark, a backslash or a control character, which cannot be written into a unit or a ` +
      "crontab: give it another path";
  }
  // A unit with PrivateTmp= has a /tmp of its own: what is written there goes with each run, and nobody else sees it.
  const hidden = named.find((one) => /^\/(?:var\/)?tmp(?:\/|$)/.test(one));
  return kind === "systemd" && hidden !== undefined
    ? `${hidden} is in a temporary folder, which a timer must not depend on: move it, /etc/quorate and ` +
      "/usr/local/bin are usual"
    : undefined;
}
