/**
 * What runs on a node: command lines for its login shell, and the small sh programs that they start. A script goes
 * over standard input, never in an argument (secrets), and is read whole before it starts: its commands find an empty
 * standard input, and a script that a lost connection cut short does not run.
 *
 * Every answer is framed by a random tag: `TAG begin` where the script's output starts, `TAG end CODE UPTIME` where it
 * ends, on both streams. So what a login shell prints on its own stays out, and a daemon that keeps the streams open
 * keeps nobody waiting.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { shellWord } from "./trouble.ts";

/** How long a script that does not heed SIGTERM may go on after its deadline, in milliseconds. */
export const KILL_AFTER_MS = 2_000;
/** How long an agent waits for a sign of life before it lets the lock go, in seconds: a dead manager sends no FIN. */
const PATIENCE_S = 45;
/** Exit codes of the agent's first answer. */
export const BUSY = 75;

/** A tag that no output holds by accident. */
export const newTag = (): string => randomBytes(16).toString("hex");

/**
 * `up`: the node's uptime in hundredths of a second, in `$u`. `say TAG CODE`: the end of an answer.
 * `one TAG SECONDS NOT_AFTER LENGTH`: reads a script and runs it, unless the uptime has come to NOT_AFTER. That is
 * looked at last, right before the script starts. Descriptor 9 is the agent's lock: whatever a script leaves running
 * must not keep it.
 */
const WORDS = `up() { read -r u x </proc/uptime; u=\${u%.*}\${u#*.}; }
say() { up; echo "$1 end $2 $u"; echo "$1 end $2 $u" >&2; }
one() {
  s=$(head -c "$4" 9>&-)
  case $s in *'#end') ;; *) exit 1 ;; esac
  printf %s "$s" | timeout -k ${KILL_AFTER_MS / 1000} "$2" sh -c 's=$(cat)
    read -r u x </proc/uptime
    if [ "$2" -gt 0 ] && [ "\${u%.*}\${u#*.}" -ge "$2" ]; then echo "$1 late"; exit; fi
    echo "$1 begin"; echo "$1 begin" >&2; shift 2; eval "$s"' sh "$1" "$3" 9>&-
  say "$1" $?
}
`;

/** Input for a script that runs at once: the program, its one frame, and the script. */
export function runInput(tag: string, script: string, timeoutMs: number): Input {
  const body = scriptBody(script);
  return input(`one ${tag} ${timeoutMs / 1000} 0 ${body.length}`, body);
}

/** Input that hands a file on, after a line with the tag. */
export function fetchInput(tag: string, path: string, timeoutMs: number): Input {
  const seconds = timeoutMs / 1000;
  return input(
    `echo ${tag}; exec timeout -k ${KILL_AFTER_MS / 1000} ${seconds} cat -- ${shellWord(path)}`,
    Buffer.alloc(0),
  );
}

/**
 * Input that takes a lock and then runs the scripts of frames, one after the other, until its standard input ends or
 * stays silent. The lock belongs to the agent alone, and the agent waits for the script that it runs: so a script
 * still keeps the lock when its manager is gone, and a daemon that it started does not. What it leaves in the lock, and
 * what it found there, shows whether anybody held it meanwhile.
 */
export function agentInput(tag: string, lockPath: string, holder: string, patienceS = PATIENCE_S): Input {
  const lock = shellWord(lockPath);
  const directory = shellWord(lockPath.replace(/\/[^/]*$/, "") || "/");
  const word = shellWord(holder);
  return input(
    `agent() {
  command -v flock >/dev/null || { echo 'flock is not on this node: install util-linux' >&2; say ${tag} 127; exit; }
  (umask 077; mkdir -p -- ${directory} && : >>${lock}) || { say ${tag} 1; exit; }
  exec 9>>${lock}
  flock -n 9
  case $? in
  0) ;;
  1) echo "${tag} begin"; cat -- ${lock}; say ${tag} ${BUSY}; exit ;;
  *) say ${tag} 1; exit ;;
  esac
  found=
  read -r found <${lock}
  echo ${word} >${lock} || { say ${tag} 1; exit; }
  echo "${tag} begin"
  echo "${tag} begin" >&2
  printf '%s\\n' "$found"
  say ${tag} 0
  while line=$(timeout ${patienceS} sh -c 'read -r l && echo "$l"' 9>&-); do
    set -- $line
    case $1 in
    run) shift; one "$@" ;;
    ping) say "$2" 0 ;;
    quit) free; exec 9>&-; say "$2" 0; exit ;;
    *) break ;;
    esac
  done
  free
}
free() { up; printf 'free %s %s\\n' "$u" ${word} >${lock}; }
agent`,
    Buffer.alloc(0),
  );
}

/** A frame that has the agent run a script. `notAfter`: the node's uptime in hundredths of a second. */
export function runFrame(tag: string, script: string, timeoutMs: number, notAfter: number): Buffer {
  const body = scriptBody(script);
  return Buffer.concat([
    Buffer.from(`run ${tag} ${timeoutMs / 1000} ${notAfter} ${body.length}\n`),
    body,
  ]);
}

/** A frame that only shows that both sides are there. */
export const pingFrame = (tag: string): Buffer => Buffer.from(`ping ${tag}\n`);

/** A frame that lets the lock go. */
export const quitFrame = (tag: string): Buffer => Buffer.from(`quit ${tag}\n`);

/** A program with the command line that reads and starts it. */
export interface Input {
  /**
   * Simple enough for any login shell: sh, fish and csh read what stands between the quotes in the same way. `sudo -n`
   * never asks for a password.
   */
  command(become: boolean): string;
  readonly bytes: Buffer;
}

function input(last: string, body: Buffer): Input {
  // Only the very last line starts anything, so that a program which was cut short does nothing.
  const program = Buffer.from(WORDS + last);
  return {
    command: (become) => `${become ? "sudo -n " : ""}sh -c 'eval "$(head -c ${program.length})"'`,
    bytes: Buffer.concat([program, body]),
  };
}

const scriptBody = (script: string): Buffer => Buffer.from(`${script}\n#end`);
