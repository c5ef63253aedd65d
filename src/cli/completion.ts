import type { Shell } from "./commands/config.ts";
import { type Cli, EXIT, type GlobalFlags } from "./cli.ts";

/** `quorate completion SHELL`: a script that asks `quorate __complete` at each tab. */
export default function completion(cli: Cli, _flags: GlobalFlags, shell: Shell): Promise<number> {
  cli.out.write(scripts[shell]);
  return Promise.resolve(EXIT.ok);
}

const scripts: Readonly<Record<Shell, string>> = {
  bash: `# bash completion for quorate
_quorate() {
  local line
  COMPREPLY=()
  while IFS=$'\\t' read -r line _; do
    COMPREPLY+=("$line")
  done < <(quorate __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _quorate quorate
`,
  zsh: `#compdef quorate
_quorate() {
  local line
  local -a proposals
  quorate __complete "\${(@)words[2,CURRENT]}" 2>/dev/null | while IFS= read -r line; do
    proposals+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( \${#proposals} )); then
    _describe -V quorate proposals
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" = _quorate ]]; then
  _quorate "$@"
else
  compdef _quorate quorate
fi
`,
  fish: `# fish completion for quorate
function __quorate_complete
    set -l words (commandline -opc) (commandline -ct)
    quorate __complete $words[2..-1] 2>/dev/null
end
complete -c quorate -f -a '(__quorate_complete)'
complete -c quorate -s c -l config -r -F
complete -c quorate -l state -r -F
complete -c quorate -n '__fish_seen_subcommand_from init' -F
`,
};
