# Shell functions that the steps of the etcd playbook call; see shell.ts.

etcd_unit() {
	id -u "$2" >/dev/null 2>&1 || useradd --system --user-group --home-dir /var/lib/etcd --no-create-home \
		--shell /usr/sbin/nologin "$2" || return 1
	printf '%s' "$3" | quorate_write "/etc/systemd/system/$1" 644 && systemctl daemon-reload
}

etcd_stage() {
	command -v "$4" >/dev/null || { quorate_fail "there is no $4 here: install etcd"; return 1; }
	etcd_can_be_told "$2" || return
	quorate_stage "$1" "$2" "$3"
}

# UNIT: nothing wins over what the environment file says of the cluster to join. Flags would, and etcd's own config file:
# a host that was set up by them would start as a new member of the cluster of then.
etcd_can_be_told() {
	etcd_told=$(timeout 10 systemctl show -p ExecStart -p EnvironmentFiles -- "$1")
	etcd_told=$etcd_told$(
		printf '%s\n' "$etcd_told" | sed -n 's/^EnvironmentFiles=\(.*\) (ignore_errors=[a-z]*)$/\1/p' |
			while IFS= read -r file; do sed -n '/^[[:space:]]*\(DAEMON_ARGS\|ETCD_CONFIG_FILE\)=/p' -- "$file"; done 2>/dev/null
	)
	case $etcd_told in
	*-config-file* | *ETCD_CONFIG_FILE=*) ;;
	*'$ETCD_INITIAL_CLUSTER'* | *'${ETCD_INITIAL_CLUSTER'*) return 0 ;;
	*-initial-cluster*) ;;
	*) return 0 ;;
	esac
	quorate_fail "$1 tells etcd by flags or a config file which cluster to join, and they win: let it read that from its environment file"
}

etcd_start_new() {
	quorate_start_new "$1" "$2" "$3" etcd_disk_id etcd
}
