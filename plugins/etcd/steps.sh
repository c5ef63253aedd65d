# Shell functions that the steps of the etcd playbook call; see shell.ts.

etcd_unit() {
	id -u "$2" >/dev/null 2>&1 || useradd --system --user-group --home-dir /var/lib/etcd --no-create-home \
		--shell /usr/sbin/nologin "$2" || return 1
	printf '%s' "$3" | quorate_write "/etc/systemd/system/$1" 644 && systemctl daemon-reload
}

etcd_stage() {
	command -v "$4" >/dev/null || { quorate_fail "there is no $4 here: install etcd"; return 1; }
	systemctl cat "$2" >/dev/null 2>&1 || { quorate_fail "there is no unit $2 here"; return 1; }
	quorate_unfence "$2" "$1" || return 1
	[ -d "$3" ] && return 0
	user=$(systemctl show -p User --value "$2")
	[ -n "$user" ] || user=root
	group=$(id -gn "$user") || return 1
	mkdir -p "$(dirname -- "$3")" && install -d -m 700 -o "$user" -g "$group" "$3"
}

etcd_start_new() {
	marks=/var/lib/quorate/$1
	[ -e "$marks/intent" ] || { quorate_fail "the intent of the bootstrap is gone"; return 1; }
	[ ! -e "$marks/started" ] || { quorate_fail "etcd was started here before"; return 1; }
	[ ! -e "$marks/latch" ] || { quorate_fail "a latch lies here: the service was formed before"; return 1; }
	etcd_disk_id "$3" >/dev/null 2>&1
	[ $? -eq 1 ] || { quorate_fail "$3 holds data"; return 1; }
	pids=$(quorate_pids etcd "$2" "$3") || return 1
	[ -z "$pids" ] || { quorate_fail "etcd runs already (pid $pids)"; return 1; }
	quorate_mark_place "$1" started "$3" || return 1
	systemctl reset-failed "$2" 2>/dev/null
	systemctl start --no-block "$2"
}

# DIR MEMBER: a latch may say that this member's data lies here. A disk that is not mounted would be latched as the
# empty folder below it, and from then on that would prove the data lost.
etcd_holds() {
	ids=$(etcd_disk_id "$1")
	case $?/$ids/ in
	1/*) quorate_fail "there is no data in $1: is a disk not mounted?" ;;
	0/*\ "$2"[/\ ]* | 2/*) ;;
	*) quorate_fail "$1 holds the data of member ${ids#* }, not of $2" ;;
	esac
}
