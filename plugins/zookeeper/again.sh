# Shell functions with which an ensemble begins again from one disk or from a snapshot; see shell.ts.

# log or snapshot: these files of the working directory, the newest first.
zk_newest() {
	for file in "$1".*; do
		zxid=$(zk_zxid "$file") && printf '%s %s\n' "$zxid" "$file"
	done | sort -rn | cut -d ' ' -f 2
}

# FILE: a snapshot is whole: the last thing in it is the text `/`, with its length before it.
zk_whole() {
	[ "$(tail -c 5 -- "$1" | od -An -v -tx1 | tr -d ' \n')" = 000000012f ]
}

# The newest whole snapshot in the working directory. 1: there is none.
zk_snapshot() {
	for file in $(zk_newest snapshot); do
		zk_whole "$file" && printf '%s\n' "$file" && return
	done
	return 1
}

# DIR: the newest whole snapshot, and the logs since, which ZooKeeper replays; paths in DIR.
zk_needed() (
	cd -- "$1/version-2" || exit
	newest=-1
	if file=$(zk_snapshot); then
		newest=$(zk_zxid "$file")
		printf 'version-2/%s\n' "$file"
	fi
	# The log that was begun last before the snapshot may go on after it.
	for file in $(zk_newest log); do
		printf 'version-2/%s\n' "$file"
		[ "$(zk_zxid "$file")" -gt "$((newest + 1))" ] || break
	done
)

# DIR: what `zk_needed` finds is all: of compressed snapshots (3.6 and later) none is newer. A log from before one may be
# purged already.
zk_plain_snapshots() (
	cd -- "$1/version-2" 2>/dev/null || exit 0
	file=$(zk_snapshot) && newest=$(zk_zxid "$file") || newest=-1
	for file in snapshot.*.gz snapshot.*.snappy; do
		zxid=$(zk_zxid "${file%.*}") && [ "$zxid" -gt "$newest" ] || continue
		quorate_fail "$1/version-2/$file is compressed, and cannot be read yet: take snapshot.compression.method away, restart the server, and wait until it has written a newer snapshot"
		exit
	done
)

# DIR: how far the data goes, read without Java: the epoch, and the last zxid, in decimal. 1: there is no data.
zk_log_end() (
	cd -- "$1/version-2" 2>/dev/null || exit 1
	file=$(zk_snapshot) && last=$(zk_zxid "$file") || last=-1
	for file in $(zk_newest log); do
		# shellcheck disable=SC2046
		set -- $(zk_log_last "$file")
		[ $# = 2 ] || continue
		[ "$(($1 << 32 | $2))" -le "$last" ] || last=$(($1 << 32 | $2))
		break
	done
	[ "$last" -ge 0 ] || exit 1
	epoch=$(zk_number currentEpoch)
	[ "$epoch" -gt "$((last >> 32))" ] || epoch=$((last >> 32))
	printf '%s %s\n' "$epoch" "$last"
)

# DIR: the epoch alone, or 0.
zk_epoch() {
	zk_end=$(zk_log_end "$1")
	echo "${zk_end%% *}" | sed 's/^$/0/'
}

# CONFIG: the version of the list of servers that zoo.cfg names, in decimal, or 0.
zk_list_version() {
	zk_digits=$(sed -n 's/^dynamicConfigFile=.*\.dynamic\.\([0-9a-f]*\)$/\1/p' "$1" 2>/dev/null)
	echo $((0x${zk_digits:-0}))
}

# FILE: the number in it, or 0.
zk_number() {
	zk_digits=''
	[ ! -e "$1" ] || read -r zk_digits <"$1"
	case $zk_digits in '' | *[!0-9]*) echo 0 ;; *) echo "$zk_digits" ;; esac
}

# FILE: the upper and the lower half of the last zxid in a log, or nothing.
#
# A log is a header of 16 bytes, then one record after the other: a checksum (8 bytes), the length of the transaction (4),
# the transaction, and a `B`. A transaction begins with a session (8) and a counter (4); its zxid follows. Behind the last
# record there are zeros, as the file grows ahead; what a crash left torn has no `B`: ZooKeeper ends before it, too.
zk_log_last() {
	od -An -v -tu1 -w32 -- "$1" | awk '
	function begin(from) { record = from; at = from + 8; size = high = low = 0 }
	function take(byte,  past) {
		past = at - record
		if (past < 12) {
			size = size * 256 + byte
			if (past == 11 && size < 20) exit
			at += past < 11 ? 1 : 13
		} else if (past == 12 + size) {
			if (byte != 66) exit
			upper = high; lower = low; found = 1
			begin(at + 1)
		} else {
			if (past < 28) high = high * 256 + byte
			else low = low * 256 + byte
			at += past < 31 ? 1 : size - 19
		}
	}
	BEGIN { begin(16) }
	# In mawk %d ends at 32 bits.
	END { if (found) printf "%.0f %.0f\n", upper, lower }
	{ while (at < 32 * NR) { if (at - 32 * (NR - 1) >= NF) exit; take($(at - 32 * (NR - 1) + 1)) } }'
}

# HOST PORT: something takes a connection there; whatever it says, it may be a server. 1: nothing does.
zk_answers() {
	timeout -k 1 3 bash -c 'exec 3<>"/dev/tcp/$1/$2"' - "$1" "$2"
	case $? in 1 | 124) return 1 ;; 0) ;; *) return 2 ;; esac
}

# SERVICE UNIT DIR CONFIG JAVA CLASSPATH JVM SPEC TOKEN KNOWN KEY=VALUE…: beside the data of this server lies then, ready to
# take its place, all that ZooKeeper finds in it, as an ensemble of this server alone, with a name and an id of its own. The
# data itself is only read.
zk_ready_disk() (
	dir=$(readlink -m -- "$3") || exit
	zk_replay_empty "$2" "$dir" || exit
	zk_disk_id "$dir" >/dev/null || { quorate_fail "there is no data in $dir"; exit; }
	zk_plain_snapshots "$dir" || exit
	for file in $(zk_needed "$dir") version-2/currentEpoch version-2/acceptedEpoch; do
		[ ! -e "$dir/$file" ] || why=$(cp -a --reflink=auto -- "$dir/$file" "$quorate_next/replay/version-2/" 2>&1) ||
			{ quorate_fail "cannot copy the data: ${why##*: }"; exit; }
	done
	zk_ready "$@"
)

# FILE, then the same words: the same from a snapshot.
zk_ready_snapshot() (
	file=$1
	shift
	quorate_data_dir "$2" "$3" && dir=$(readlink -m -- "$3") && zk_replay_empty "$2" "$dir" || exit
	why=$(tar -xzf "$file" -C "$quorate_next/replay" 2>&1) || { quorate_fail "cannot unpack the snapshot: ${why##*: }"; exit; }
	zk_ready "$@" && rm -f -- "$file"
)

# UNIT DIR: sets quorate_next, where nothing but an empty folder to replay data in lies then.
zk_replay_empty() {
	quorate_next "$2" && quorate_stopped "$1" java "$2" && zk_replay_stop "$1" || return
	rm -rf --one-file-system -- "$quorate_next" && mkdir -m 700 -- "$quorate_next" &&
		mkdir -p -- "$quorate_next/replay/version-2" ||
		quorate_fail "cannot make $quorate_next"
}

# The same words: what lies in the folder to replay in becomes an ensemble of its own. Servers of the former one may come
# back at any time, with their lists and the id that this one had.
#
# - Its id is one that no list of theirs names, so that they neither ask this server nor count what it says. It may be one
#   that was given without this disk's knowledge, so some are left out.
# - Its list is newer than any of theirs, and its epoch higher, so that it takes neither from them. Nor does a client that has
#   seen more than is left find the server behind the times, and turn away.
zk_ready() {
	service=$1 unit=$2 dir=$(readlink -m -- "$3") config=$4 java=$5 classes=$6 jvm=$7 spec=$8 token=$9 highest=${10}
	shift 10
	! grep -qs '^[ \t]*server\.' "$config" || { quorate_fail "$config itself has the list of servers"; return 1; }
	zk_has_server "$classes" && replay=$quorate_next/replay || return
	epoch=0
	for known in "$(zk_epoch "$replay")" "$(zk_epoch "$dir")" "$(zk_number "$replay/version-2/acceptedEpoch")" \
		$(($(zk_list_version "$config") >> 32)); do
		[ "$known" -le "$epoch" ] || epoch=$known
	done
	echo $((epoch + 1000)) >"$replay/version-2/acceptedEpoch" || return
	zk_replay "$@" || { zk_replay_stop "$unit"; return 1; }
	zk_replay_stop "$unit" || return
	printf '%s\n' "$zk_id" >"$quorate_next/myid" && printf '%s\n' "$token" >"$quorate_next/quorate-ensemble" &&
		printf '%s\n' "$zk_list" "server.$zk_id=$spec" "$@" >"$quorate_next/quorate-begin" &&
		mv -- "$replay/version-2" "$quorate_next/" && rm -rf --one-file-system -- "$replay" &&
		chown -R --reference="$dir" -- "$quorate_next" && sync -f "$quorate_next"
}

# ZooKeeper itself replays the data, where nobody can reach it, as a server that knows nobody, at the ports of the one that is
# stopped; and is told what it is from now on. Sets zk_id, and zk_list, the version of its list.
zk_replay() {
	zk_user=$(systemctl show -p User --value "$unit") zk_there=quorate-replay-${unit%.service}
	printf '%s\n' tickTime=2000 initLimit=10 syncLimit=5 "dataDir=$replay" reconfigEnabled=true standaloneEnabled=false \
		admin.enableServer=false "dynamicConfigFile=$replay/zoo.cfg.dynamic" >"$replay/zoo.cfg" &&
		printf '%s\n' "$spec" | sed -E 's/^.*:([0-9]+:[0-9]+:participant;).*:/server.1=127.83.79.83:\1127.83.79.83:/' >"$replay/zoo.cfg.dynamic" &&
		echo 1 >"$replay/myid" && chown -R --reference="$dir" -- "$quorate_next" || return
	# A super user of the replay alone: whom the members know may be written down where only they can use it.
	zk_who=$(zk_new_super) && zk_super_env "$replay" "$zk_who" &&
		printf 'digest %s\n' "$zk_who" | quorate_replace "$replay/super" 600 || return
	systemctl reset-failed "$zk_there" 2>/dev/null
	# shellcheck disable=SC2086
	systemd-run -q --unit="$zk_there" --service-type=exec -p User="${zk_user:-root}" \
		-p SuccessExitStatus=143 -p RuntimeMaxSec=3600 -p LimitNOFILE=65536 -p "EnvironmentFile=$replay/java.env" \
		"$java" $jvm -cp "$classes" org.apache.zookeeper.server.quorum.QuorumPeerMain "$replay/zoo.cfg" || return
	zk_with "$service" "${spec##*:}" "$java" "$classes" "$replay/super" && zk_host=127.83.79.83 || return
	until zk_record; do
		[ "$(systemctl is-active "$zk_there")" = active ] || {
			timeout 10 journalctl -q -n 8 --no-pager -o cat -u "$zk_there" >&2
			quorate_fail "ZooKeeper cannot replay its data"
			return
		}
		sleep 0.5
	done
	zk_given=$(zk_given_id)
	zk_verb=create zk_acl=world:anyone:r
	[ -z "$zk_given" ] || zk_verb='set' zk_acl=''
	[ "${zk_given:-0}" -le "$highest" ] || highest=$zk_given
	zk_id=$((highest + 10))
	[ "$zk_id" -le 255 ] || zk_id=255
	[ "$zk_id" -gt "$highest" ] || { quorate_fail "all 255 ids of servers were given"; return; }
	zk_said=$(printf '%s /quorate "%s %s" %s\n' "$zk_verb" "$token" "$zk_id" "$zk_acl" | zk_cli)
	zk_record || { quorate_fail "what was replayed cannot be read back"; return; }
	case $zk_text in *"$token $zk_id"*) ;; *) zk_complain; return ;; esac
	zk_list=${zk_text##*version=} zk_list=${zk_list%%[!0-9a-f]*}
}

# UNIT: what was replayed is on disk when the process is gone.
zk_replay_stop() {
	timeout 60 systemctl stop "quorate-replay-${1%.service}" 2>/dev/null
	case $(systemctl is-active "quorate-replay-${1%.service}" 2>/dev/null) in
	inactive | failed | unknown) ;;
	*) quorate_fail "the replay does not end" ;;
	esac
}

# UNIT DIR CONFIG: the list with which an ensemble begins again comes with its data, and is in force from its first start on.
zk_start() {
	zk_native "$1" && zk_begin "$@" && quorate_start "$1"
}
zk_begin() (
	begin=$2/quorate-begin config=$3
	[ -e "$begin" ] || exit 0
	zk_owned "$1" "${config%/*}" && { read -r version && read -r server; } <"$begin" || exit
	# A list that is as new is that one, or has followed it: the last time was cut off behind its last move but one.
	if [ "$(zk_list_version "$config")" -lt "$((0x$version))" ]; then
		zk_drop_lists "$config"
		printf '%s\n' "$server" | quorate_replace "$config.dynamic.$version" 644 || exit
		IFS='
'
		set -f
		# shellcheck disable=SC2046
		zk_set_keys "$config" $(tail -n +3 -- "$begin") "dynamicConfigFile=$config.dynamic.$version" &&
			chown --reference="${config%/*}" -- "$config.dynamic.$version" || exit
	fi
	rm -f -- "$begin" && quorate_sync "${begin%/*}"
)
