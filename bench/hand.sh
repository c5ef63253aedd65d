#!/bin/bash
# What an engineer who knows etcd well would write by hand for one change, and nothing beside it: everything that can
# go in parallel does, nothing waits longer than it must, and each host has one SSH connection (with the cheap key
# exchange, unlike OpenSSH's default).
#
#   hand.sh careful|bare DIR OPERATION HOST…
#
# DIR holds id_ed25519 and known_hosts. `careful` looks first at all hosts, takes a snapshot before a membership change,
# fetches it and compares its hash, and verifies every member afterwards; `bare` trusts that all is as it should be.
#
#   bootstrap MEMBER…                  add NEW MEMBER…
#   remove OLD MEMBER…                 remove-leader OLD MEMBER…
#   replace NEW OLD MEMBER…            the new one first: the old one is healthy
#   replace-dead NEW OLD MEMBER…       the old one first
#   repair WIPED MEMBER…
#
# MEMBER… are those that stay. ALL, in the environment, names the hosts of the inventory.
set -euo pipefail
mode=$1 dir=$2 operation=$3
shift 3

data=/var/lib/etcd/default
work=$(mktemp -d)
ssh=(-F none -i "$dir/id_ed25519" -o UserKnownHostsFile="$dir/known_hosts" -o BatchMode=yes -o ConnectTimeout=3
	-o KexAlgorithms=curve25519-sha256 -o ControlPath="$work/%h")
declare -A ip
while read -r address name; do ip[$name]=$address; done < <(getent hosts $ALL)

on() { ssh "${ssh[@]}" "$@"; }
etcdctl() { echo "ETCDCTL_API=3 etcdctl --endpoints=$1:2379 --dial-timeout=2s --command-timeout=5s"; }
fail() { echo "$*" >&2; exit 1; }

# COMMAND HOST…: on all of them at once.
each() {
	local command=$1 pids=() host pid
	shift
	for host; do on "$host" "$command" & pids+=($!); done
	for pid in "${pids[@]}"; do wait "$pid" || return; done
}

# HOST…: one connection each; a host that does not answer is left out.
login() {
	local host pids=()
	for host; do ssh "${ssh[@]}" -fMN "$host" </dev/null >/dev/null 2>&1 & pids+=($!); done
	for pid in "${pids[@]}"; do wait "$pid" || true; done
}
logout() {
	local socket
	for socket in "$work"/*; do ssh "${ssh[@]}" -O exit "${socket##*/}" 2>/dev/null & done
	wait
	rm -rf "$work"
}
trap logout EXIT

look() {
	[ "$mode" = careful ] || return 0
	local host pids=()
	for host in $ALL; do
		[ -S "$work/$host" ] || continue
		on "$host" "systemctl is-active etcd; ls -A $data 2>/dev/null | wc -l; df -P /var/lib | tail -n 1; etcd --version
			if systemctl -q is-active etcd; then
				$(etcdctl localhost | sed "s/localhost/${ip[$host]}/") endpoint status -w json &&
				$(etcdctl "${ip[$host]}") get x && $(etcdctl "${ip[$host]}") member list
			fi" >"$work/.$host" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	for host in "${members[@]}"; do
		[ "$(head -n 1 "$work/.$host")" = "$1" ] || fail "$host is not $1"
	done
}

# After a linearizable read; fetched from the same host, and its hash compared.
backup() {
	[ "$mode" = careful ] || return 0
	local host=${members[0]} file=/root/snapshot.db ctl there
	ctl=$(etcdctl "${ip[$host]}")
	there=$(on "$host" "$ctl get x >/dev/null && $ctl snapshot save $file >/dev/null && sha256sum <$file")
	scp -q "${ssh[@]}" "$host:$file" "$work/.snapshot.db"
	[ "$(sha256sum <"$work/.snapshot.db")" = "$there" ] || fail "the snapshot was damaged on its way"
}

# HOST…: until each serves a linearizable read.
healthy() {
	local host pids=() pid
	for host; do
		on "$host" "until $(etcdctl "${ip[$host]}") get x >/dev/null 2>&1; do sleep 0.05; done" & pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
}

# HOST…: these are the members, all of them started voters, each enabled.
verify() {
	[ "$mode" = careful ] || return 0
	local host pids=() pid
	for host; do
		on "$host" "systemctl is-enabled etcd; $(etcdctl "${ip[$host]}") get x >/dev/null; $(etcdctl "${ip[$host]}") member list" \
			>"$work/.$host" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	for host; do
		[ "$(head -n 1 "$work/.$host")" = enabled ] || fail "$host is not enabled"
		[ "$(grep -c ', started, .*, false$' "$work/.$host")" = $# ] || fail "$host does not see $# voters"
	done
}

# HOST STATE CLUSTER
settings() {
	cat <<-END
		ETCD_NAME=$1
		ETCD_DATA_DIR=$data
		ETCD_LISTEN_PEER_URLS=http://${ip[$1]}:2380
		ETCD_LISTEN_CLIENT_URLS=http://${ip[$1]}:2379
		ETCD_ADVERTISE_CLIENT_URLS=http://${ip[$1]}:2379
		ETCD_INITIAL_ADVERTISE_PEER_URLS=http://${ip[$1]}:2380
		ETCD_INITIAL_CLUSTER=$3
		ETCD_INITIAL_CLUSTER_STATE=$2
		ETCD_INITIAL_CLUSTER_TOKEN=$token
	END
}
start="cat >/etc/default/etcd; systemctl enable -q etcd; systemctl start etcd"

# HOST: its member id, as the first member tells it.
id_of() {
	on "${members[0]}" "$(etcdctl "${ip[${members[0]}]}") member list" | awk -F', ' -v url="http://${ip[$1]}:2380" '$4 == url { print $1 }'
}

# COMMAND…: by the first member, until the cluster takes it.
change() { on "${members[0]}" "until $(etcdctl "${ip[${members[0]}]}") $* 2>/dev/null; do sleep 0.1; done"; }

join() {
	local added
	added=$(change member add "$1" --learner --peer-urls="http://${ip[$1]}:2380")
	settings "$1" existing "$(sed -n 's/^ETCD_INITIAL_CLUSTER="\(.*\)"$/\1/p' <<<"$added")" | on "$1" "$start"
	change member promote "$(sed -n 's/^Member *\([0-9a-f]*\) added.*/\1/p' <<<"$added")" >/dev/null
}

leave() { change member remove "$(id_of "$1")" >/dev/null; }
put_away() { on "$1" "systemctl disable -q --now etcd; mv $data $data.removed-\$(date +%s)"; }

members=("$@")
case $operation in add | repair | remove*) members=("${@:2}") ;; replace*) members=("${@:3}") ;; esac
token=$(od -An -tx8 -N8 /dev/urandom | tr -d ' ')
case $mode/$operation in
careful/*) login $ALL ;;
bare/replace-dead) login "$1" "${members[@]}"; [ "${DEAD:-process}" = host ] || login "$2" ;;
*) login "$@" ;;
esac

case $operation in
bootstrap)
	look inactive
	cluster=$(for host; do printf '%s=http://%s:2380,' "$host" "${ip[$host]}"; done)
	pids=()
	for host; do settings "$host" new "${cluster%,}" | on "$host" "$start" & pids+=($!); done
	for pid in "${pids[@]}"; do wait "$pid"; done
	each "sed -i s/STATE=new/STATE=existing/ /etc/default/etcd" "$@"
	healthy "$@"
	verify "$@"
	;;
add)
	look active
	backup
	join "$1"
	healthy "$@"
	verify "$@"
	;;
remove | remove-leader)
	look active
	backup
	if [ "$operation" = remove-leader ]; then
		heir=$(id_of "${members[0]}")
		on "$1" "$(etcdctl "${ip[$1]}") move-leader $heir" >/dev/null
	fi
	leave "$1"
	put_away "$1"
	healthy "${members[@]}"
	verify "${members[@]}"
	;;
replace)
	look active
	backup
	join "$1"
	leave "$2"
	put_away "$2"
	healthy "$1" "${members[@]}"
	verify "$1" "${members[@]}"
	;;
replace-dead)
	look active
	backup
	leave "$2"
	[ ! -S "$work/$2" ] || put_away "$2"
	join "$1"
	healthy "$1" "${members[@]}"
	verify "$1" "${members[@]}"
	;;
repair)
	look active
	backup
	leave "$1"
	join "$1"
	healthy "$@"
	verify "$@"
	;;
esac
