# Shell functions that the steps of the etcd playbook call; see shell.ts.

etcd_unit() {
	id -u "$2" >/dev/null 2>&1 || useradd --system --user-group --home-dir /var/lib/etcd --no-create-home \
		--shell /usr/sbin/nologin "$2" || return 1
	printf '%s' "$3" | quorate_write "/etc/systemd/system/$1" 644 && systemctl daemon-reload
}

etcd_stage() {
	command -v "$4" >/dev/null || { quorate_fail "there is no $4 here: install etcd"; return 1; }
	quorate_stage "$1" "$2" "$3"
}

etcd_start_new() {
	quorate_start_new "$1" "$2" "$3" etcd_disk_id etcd
}
