# Shell functions with which a cluster begins again from one disk or from a snapshot; see shell.ts.

# DIR: how far the log goes, read without etcd: the term and the index of its last entry; then the segment that it ends in,
# the length of what is written in there, and the checksum so far. 1: there is no log. 2: it cannot be told.
#
# A segment is a sequence of frames of whole 64-bit words: the length of a record, the record, padding. A record is its
# type (2 an entry, 3 Raft's state), the checksum of all data so far, and its data. Each segment begins with the state that
# the former one ended with, and its name says which entry comes first in it.
etcd_log_end() {
	segment=''
	for segment in "$1"/member/wal/*.wal; do :; done
	[ -e "$segment" ] || return 1
	first=${segment##*-}
	first=$((0x${first%.wal}))
	od -An -v -tu4 -w8 -- "$segment" | awk -v name="$segment" -v last="$((first - 1))" '
	function byte(at) { return int(word[int(at / 4)] / 256 ^ (at % 4)) % 256 }
	function varint(  n, unit, b) {
		n = 0
		unit = 1
		do { b = byte(p++); n += (b % 128) * unit; unit *= 128 } while (b > 127)
		return n
	}
	function record(  type, entry) {
		p = 0
		if (byte(p++) != 8) { torn = 1; exit }
		type = varint()
		if (byte(p++) != 16) { torn = 1; exit }
		sum = varint()
		end = 8 * after
		if (p >= size || byte(p++) != 26) return
		varint()
		if (type == 2) { p++; varint(); p++; term = varint(); p++; last = varint() }
		if (type == 3) { p++; state = varint() }
	}
	NR <= after {
		at = NR - from - 1
		if (at >= 10) next
		word[2 * at] = $1
		word[2 * at + 1] = $2
		if (at == needed) record()
		next
	}
	$1 == 0 && $2 == 0 { exit }
	{
		size = $1
		words = (size + ($2 >= 2147483648 ? int($2 / 16777216) % 8 : 0)) / 8
		if (words < 1 || words != int(words)) { torn = 1; exit }
		from = NR
		after = NR + words
		needed = words > 10 ? 9 : words - 1
	}
	END {
		if (end == 0) exit 2
		# In mawk %d ends at 32 bits.
		printf "%.0f %.0f %s %.0f %.0f\n", (term > 0 ? term : state), last, name, end, sum
	}'
}

# DIR: Raft's state, written at the end of the log, says that all of it is committed. A member hears that an entry is
# committed with the next one at the earliest, and writes it down later still; etcd takes off what it has not heard of when
# it is forced to begin alone, although those who are gone may have acknowledged it.
etcd_commit_all() {
	# shellcheck disable=SC2046
	set -- $(etcd_log_end "$1")
	[ $# = 5 ] || { quorate_fail "the end of the log cannot be read"; return; }
	etcd_state="8 $(etcd_encoded "$1") 16 0 24 $(etcd_encoded "$2")"
	etcd_count=0 etcd_sum=$(($5 ^ 0xffffffff))
	for etcd_byte in $etcd_state; do
		etcd_count=$((etcd_count + 1)) etcd_sum=$((etcd_sum ^ etcd_byte))
		for _ in 1 2 3 4 5 6 7 8; do etcd_sum=$((etcd_sum >> 1 ^ (etcd_sum & 1) * 0x82f63b78)); done
	done
	etcd_record="8 3 16 $(etcd_encoded $((etcd_sum ^ 0xffffffff))) 26 $etcd_count $etcd_state"
	etcd_segment=$3 etcd_end=$4
	# shellcheck disable=SC2086
	set -- $etcd_record
	etcd_size=$# etcd_mark=$(((8 - $# % 8) % 8))
	[ "$etcd_mark" = 0 ] || etcd_mark=$((128 + etcd_mark))
	while [ $(($# % 8)) != 0 ]; do set -- "$@" 0; done
	# What a crash left torn behind the last whole record goes.
	truncate -s "$etcd_end" -- "$etcd_segment" && for etcd_byte in "$etcd_size" 0 0 0 0 0 0 "$etcd_mark" "$@"; do
		# shellcheck disable=SC2059
		printf "\\$(printf %o "$etcd_byte")"
	done >>"$etcd_segment"
}

# NUMBER: the bytes of a varint.
etcd_encoded() {
	etcd_rest=$1
	while [ "$etcd_rest" -ge 128 ]; do
		printf '%s ' $((etcd_rest % 128 + 128))
		etcd_rest=$((etcd_rest / 128))
	done
	printf '%s\n' "$etcd_rest"
}

# UNIT DIR BINARY NODE URL TOKEN: beside the data of this member lies then, ready to take its place, all that its log holds,
# as a cluster of this node alone with ids of its own. The data itself is only read: etcd replays a copy of it, where nobody
# can reach it and it can reach nobody.
etcd_ready_disk() (
	unit=$1 dir=$(readlink -m -- "$2") || exit
	quorate_next "$dir" && quorate_stopped "$unit" etcd "$dir" || exit
	etcd_disk_id "$dir" >/dev/null || { quorate_fail "there is no data in $dir"; exit; }
	etcd_next_empty "$dir" && mkdir -- "$quorate_next/replay" || exit
	why=$(cp -a --reflink=auto -- "$dir/member" "$quorate_next/replay/" 2>&1) ||
		{ quorate_fail "cannot copy the data: ${why##*: }"; exit; }
	etcd_commit_all "$quorate_next/replay" && chown -R --reference="$dir" -- "$quorate_next" &&
		etcd_replay "$unit" "$quorate_next/replay" "$3" || exit
	etcd_ready "$dir" "$quorate_next/replay/member/snap/db" "$4" "$5" "$6" --skip-hash-check
)

# UNIT DIR FILE NODE URL TOKEN: the same from a snapshot.
etcd_ready_snapshot() (
	quorate_data_dir "$1" "$2" && dir=$(readlink -m -- "$2") || exit
	quorate_next "$dir" && quorate_stopped "$1" etcd "$dir" && etcd_next_empty "$dir" || exit
	etcd_ready "$dir" "$3" "$4" "$5" "$6" && rm -f -- "$3"
)

# DIR
etcd_next_empty() {
	rm -rf --one-file-system -- "$quorate_next" && mkdir -m 700 -- "$quorate_next" || quorate_fail "cannot make $quorate_next"
}

# UNIT DIR BINARY: what the log holds goes into the database, in a network of its own. READY comes when all is applied.
etcd_replay() {
	user=$(systemctl show -p User --value "$1") replay=quorate-replay-${1%.service}
	here=http://127.83.79.83
	systemctl stop "$replay" 2>/dev/null
	systemctl reset-failed "$replay" 2>/dev/null
	timeout 900 systemd-run -q --unit="$replay" --service-type=notify -p User="${user:-root}" -p PrivateNetwork=yes \
		-p TimeoutStartSec=900 -p LimitNOFILE=65536 --setenv=ETCD_UNSUPPORTED_ARCH=arm64 "$3" --data-dir="$2" \
		--force-new-cluster --quota-backend-bytes=-1 --listen-client-urls=$here:2379 --advertise-client-urls=$here:2379 \
		--listen-peer-urls=$here:2380 || {
		timeout 10 journalctl -q -n 8 --no-pager -o cat -u "$replay" >&2
		systemctl stop "$replay" 2>/dev/null
		quorate_fail "etcd cannot replay its log"
		return
	}
	timeout 120 systemctl stop "$replay"
}

# DIR DATABASE NODE URL TOKEN [FLAG]: ids of its own keep members of the cluster of then away, and clients that have seen
# more than is left must not take what comes now for what they know, where etcd can see to that.
etcd_ready() (
	dir=$1 db=$2 node=$3 url=$4 token=$5
	shift 5
	tool=etcdutl
	command -v "$tool" >/dev/null || tool=etcdctl
	export ETCDCTL_API=3
	case $("$tool" snapshot restore --help 2>&1) in
	*--mark-compacted*) set -- "$@" --bump-revision 1000000000 --mark-compacted ;;
	esac
	said=$("$tool" snapshot status "$db" 2>&1 | tail -n 1)
	why=$("$tool" snapshot restore "$db" --data-dir "$quorate_next/restored" --name "$node" \
		--initial-cluster "$node=$url" --initial-advertise-peer-urls "$url" --initial-cluster-token "$token" "$@" 2>&1) ||
		{ quorate_fail "$tool cannot restore it: $(echo "$why" | tail -n 1)"; exit; }
	rm -rf --one-file-system -- "$quorate_next/replay"
	chown -R --reference="$dir" -- "$quorate_next" && sync -f "$quorate_next" || exit
	mv -- "$quorate_next/restored/member" "$quorate_next/member" && rmdir -- "$quorate_next/restored" &&
		quorate_sync "$quorate_next" || exit
	echo "its data ends at revision $(echo "$said" | cut -d , -f 2 | tr -d ' ')"
)
