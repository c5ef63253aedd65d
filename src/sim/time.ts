/**
 * Virtual time: what waits is resolved by a queue of moments, so that minutes pass in milliseconds and the same seed
 * gives the same order, always.
 *
 * @module
 */

/** The end of the microtask queue: whatever a resolved promise leads to has happened by then. */
const drained = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Moment {
  readonly at: number;
  readonly order: number;
  readonly happen: () => void;
}

export class Time {
  now = 0;
  readonly #queue: Moment[] = [];
  #order = 0;

  /** Lets something happen in `ms` from now; things of the same moment happen in the order in which they were asked for. */
  after(ms: number, happen: () => void): void {
    const queue = this.#queue;
    const moment = { at: this.now + Math.max(0, ms), order: this.#order++, happen };
    let at = queue.push(moment) - 1;
    for (let up = (at - 1) >> 1; at > 0 && sooner(moment, queue[up]); up = (at - 1) >> 1) {
      queue[at] = queue[up] as Moment;
      at = up;
    }
    queue[at] = moment;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Lets time pass until `over` says so; false when that has not come by `until`. */
  async pass(over: () => boolean, until: number): Promise<boolean> {
    for (;;) {
      await drained();
      if (over()) return true;
      if ((this.#queue[0]?.at ?? Infinity) > until) {
        this.now = until;
        return false;
      }
      const next = this.#take();
      if (next === undefined) return false;
      this.now = next.at;
      next.happen();
    }
  }

  #take(): Moment | undefined {
    const queue = this.#queue;
    const first = queue[0];
    const last = queue.pop();
    if (last === undefined || first === last) return first;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= queue.length) break;
      if (down + 1 < queue.length && sooner(queue[down + 1] as Moment, queue[down])) down++;
      if (!sooner(queue[down] as Moment, last)) break;
      queue[at] = queue[down] as Moment;
      at = down;
    }
    queue[at] = last;
    return first;
  }
}

const sooner = (a: Moment, b: Moment | undefined): boolean =>
  b === undefined || a.at < b.at || (a.at === b.at && a.order < b.order);
