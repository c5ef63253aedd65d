/**
 * The snippet for logrotate. The journal bounds itself as well, by renaming to the same names (src/engine/journal.ts), at
 * twice the size: where logrotate does not run, nothing grows without end.
 *
 * @module
 */
import { heading, type Schedule, type Wanted } from "./schedule.ts";

export const LOGROTATE_FILE = "/etc/logrotate.d/quorate";

/** Plain files with plain numbers, whatever the machine's own defaults are: `quorate journal` reads them. */
export const logrotate = (schedule: Schedule): Wanted => ({
  path: LOGROTATE_FILE,
  text: `${heading(schedule, "Do not edit: install it anew.")}
"${schedule.state.replaceAll(/[*?[\]{}]/g, "?")}/journal.jsonl" {
    monthly
    maxsize 5M
    rotate 5
    nodateext
    nocompress
    nocreate
    missingok
    notifempty
}
`,
  mode: 0o644,
});
