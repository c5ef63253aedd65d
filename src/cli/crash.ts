import { type Cli, EXIT } from "./cli.ts";
import { OutputError } from "./streams.ts";

/** A defect: a short message, and the stack for whoever asks. A full disk under stdout is none. Returns the exit code. */
export function crash({ err }: Cli, loud: boolean, error: unknown): number {
  if (error instanceof OutputError) {
    err.write(`quorate: standard output could not be written: ${error.message}\n`);
    return EXIT.failed;
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  err.write(`quorate: this should not have happened: ${message}\n`);
  err.write(
    loud && error instanceof Error
      ? `${error.stack}\n`
      : "quorate: run it again with -v to see the stack; the next run starts from what it finds\n",
  );
  return EXIT.crash;
}
