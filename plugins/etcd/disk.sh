# Whose data lies on a disk, read without etcd; see disk.ts.

# DIR [WALDIR]: the cluster id and the member id of the data, from the log's first segment, which begins with a frame
# for its checksum and one for these ids. 1: there is no data. 2: it cannot be told.
etcd_disk_id() {
	[ -e "$1" ] || return 1
	[ -d "$1" ] && ls -A -- "$1" >/dev/null || { echo "$1 is no directory that can be read" >&2; return 2; }
	data=$1
	for segment in "${2:-$1/member/wal}"/*.wal; do break; done
	if [ ! -e "$segment" ]; then
		etcd_no_data "$1"
		return
	fi
	# shellcheck disable=SC2046
	set -- $(od -An -v -tu1 -N 256 -- "$segment" 2>/dev/null)
	while [ $# -ge 10 ]; do
		# A little-endian length of 56 bits, then a byte that says how many bytes of padding follow the record.
		length=$(($1 + ($2 << 8))) padding=$(($8 & 128 ? $8 & 7 : 0)) zero=$3$4$5$6$7
		shift 8
		[ "$zero$1" = 000008 ] && [ $# -ge $((length + padding)) ] || break
		if [ "$2" != 1 ]; then
			shift $((length + padding))
			continue
		fi
		shift 3
		while [ $# -gt 6 ] && [ "$1" -ge 128 ]; do shift; done
		[ "$2 $4" = "26 8" ] || break
		shift 4
		etcd_varint "$@"
		member=$etcd_number
		shift "$etcd_bytes"
		[ "$1" = 16 ] || break
		shift
		etcd_varint "$@"
		case $etcd_number-$member in 0-* | *-0) break ;; esac
		# The ids of one member at http://localhost:2380 with the default token: what a package starts by itself.
		case $etcd_number-$member in
		cdf818194e3a8c32-8e9e05c52164694d)
			words=pristine
			[ "$segment" = "$(ls -d -- "${segment%/*}"/*.wal)" ] && etcd_unwritten "$segment" && words="pristine unwritten"
			echo "$etcd_number $member $words"
			;;
		*)
			words=
			[ "$segment" = "$data/member/wal/0000000000000000-0000000000000000.wal" ] && etcd_blank "$data" && words=' blank'
			echo "$etcd_number $member$words"
			;;
		esac
		return 0
	done
	echo "$segment does not begin as etcd's log does" >&2
	return 2
}

# DIR: its log is in its first segment still, has no entry before the zeros that follow what is written, and no snapshot
# has come instead: what a start on a disk that was wiped leaves.
etcd_blank() {
	set -- "$1" "$1"/member/wal/*.wal "$1"/member/snap/*.snap
	[ $# -eq 3 ] && [ ! -e "$3" ] || return 1
	# shellcheck disable=SC2046
	set -- $(od -An -v -tu1 -N 2048 -- "$2")
	while [ $# -gt 8 ]; do
		length=$(($1 + ($2 << 8))) padding=$(($8 & 128 ? $8 & 7 : 0))
		[ "$length$3$4$5$6$7" != 000000 ] || return 0
		shift 8
		[ $# -ge $((length + padding)) ] && [ "$2" != 2 ] || return 1
		shift $((length + padding))
	done
	return 1
}

# SEGMENT: nobody but etcd itself has written to a package's default, as its whole log shows: beside the election of its
# leader it only joined itself, and set its own attributes and the cluster's version.
etcd_unwritten() {
	joins=0
	# shellcheck disable=SC2046
	set -- $(od -An -v -tu1 -N 16384 -- "$1")
	while [ $# -gt 8 ]; do
		length=$(($1 + ($2 << 8))) padding=$(($8 & 128 ? $8 & 7 : 0))
		[ "$length$3$4$5$6$7" != 000000 ] || break
		shift 8
		[ $# -ge $((length + padding)) ] || return 1
		[ "$2" != 2 ] || etcd_own_entry "$length" "$@" || return 1
		shift $((length + padding))
	done
	[ $# -gt 8 ] && [ "$joins" = 1 ]
}

# LENGTH BYTE…: a log record with an entry that etcd wrote by itself. The request that it may hold is of the old API.
etcd_own_entry() {
	end=$(($# - $1 - 1)) type=''
	shift 3
	for tag in 16 26 8 16 24 34; do
		if [ "$tag" = 34 ] && [ $# -eq "$end" ]; then
			[ "$type" = 0 ]
			return
		fi
		[ "$1" = "$tag" ] || return
		[ "$tag" != 8 ] || type=$2
		shift
		while [ "$1" -ge 128 ]; do shift; done
		shift
	done
	if [ "$type" = 1 ]; then
		joins=$((joins + 1))
		return
	fi
	[ "$type $1" = "0 8" ] || return
	shift
	while [ "$1" -ge 128 ]; do shift; done
	shift
	case $* in
	"$(etcd_bytes '\022\003PUT\032\046/0/members/8e9e05c52164694d/attributes')"*) ;;
	"$(etcd_bytes '\022\003PUT\032\012/0/version')"*) ;;
	*) return 1 ;;
	esac
}

etcd_bytes() {
	# shellcheck disable=SC2046,SC2059
	echo $(printf "$1" | od -An -v -tu1)
}

# BYTE…: a varint of at most 64 bits, as hexadecimal digits. A shell's numbers are 64-bit, and so are their shifts.
etcd_varint() {
	etcd_number=0 etcd_bytes=0
	while [ $# -gt 0 ] && [ "$etcd_bytes" -lt 10 ]; do
		etcd_number=$((etcd_number | ($1 & 127) << 7 * etcd_bytes))
		etcd_bytes=$((etcd_bytes + 1))
		[ "$1" -ge 128 ] || break
		shift
	done
	etcd_number=$(printf %x "$etcd_number")
}

# DIR: proves that there is no data where there is no log. A first start that failed leaves a database without any
# member in it, which etcd itself takes for nothing; anything else is not ours to judge.
etcd_no_data() {
	for entry in "$1"/* "$1"/.[!.]* "$1"/member/*; do
		[ -e "$entry" ] || continue
		case ${entry#"$1"/} in
		lost+found | .quorate-* | member | member/snap | member/wal | member/wal.tmp) continue ;;
		esac
		echo "$1 holds what is not etcd's: ${entry##*/}" >&2
		return 2
	done
	for entry in "$1"/member/snap/*; do
		case ${entry##*/} in
		'*') ;;
		db | tmp*)
			grep -qaF -e members -e consistent_index -- "$entry" || continue
			echo "$1 holds a database without its log" >&2
			return 2
			;;
		*) echo "$1 holds snapshots without their log" >&2; return 2 ;;
		esac
	done
	return 1
}
