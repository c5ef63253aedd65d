# What of etcd runs on a host that no config names yet; see adopt.ts. It only looks.

# PID: its own variables, a line "--", its command line, one argument a line.
etcd_started_with() {
	tr '\000' '\n' <"/proc/$1/environ" | sed -n '/^ETCD_[A-Z0-9_]*=/p' && echo -- && tr '\000' '\n' <"/proc/$1/cmdline"
}

# PID: the files of its database and its log, which tell the data directory whatever it was told.
etcd_open_files() {
	for fd in "/proc/$1"/fd/*; do readlink -- "$fd"; done | sed -n '/\/member\/snap\/db$/p;/\.wal$/p'
}

# PID: the file that replaces all flags and variables, where there is one.
etcd_config_file() {
	file=$(sed -nE '/^--?config-file$/{n;p};s/^--?config-file=//p;s/^ETCD_CONFIG_FILE=//p' "started.$1.out" | sed -n '$p')
	[ -z "$file" ] || cat -- "$file"
}

# PID: each environment file of its unit with the names of variables in it, never what they hold: NAME FILE; "-" for the
# file itself, "sh" where a shell reads it as systemd does.
etcd_env_names() {
	sed -n 's/^EnvironmentFiles=\(.*\) (ignore_errors=[a-z]*)$/\1/p' "unit.$1.out" | while IFS= read -r file; do
		printf -- '- %s\n' "$file"
		[ -r "$file" ] || continue
		grep -qvE '^([[:space:]]*(#.*)?|[A-Za-z_][A-Za-z0-9_]*=[A-Za-z0-9_./:=,@%+-]*)$' -- "$file" || printf 'sh %s\n' "$file"
		sed -n 's/^[[:space:]]*\(ETCD[A-Z0-9_]*\)[[:space:]]*=.*/\1/p' -- "$file" | while read -r key; do
			printf '%s %s\n' "$key" "$file"
		done
	done
}

etcd_adopt() {
	ask manifest 0 test -e /etc/kubernetes/manifests/etcd.yaml
	ask etcdctl 0 command -v etcdctl
	ask processes 0 quorate_processes etcd
	while read -r id where unit; do
		[ "$where" = host ] || continue
		ask "started.$id" 0 etcd_started_with "$id"
		ask "binary.$id" 0 readlink -- "/proc/$id/exe"
		ask "open.$id" 0 etcd_open_files "$id"
		ask "config.$id" 0 etcd_config_file "$id"
		ask "unit.$id" 3 systemctl show -p LoadState -p EnvironmentFiles -p User -p ExecStart -- "$unit"
		ask "names.$id" 0 etcd_env_names "$id"
	done <processes.out
}
etcd_adopt
