# What the check of a node runs for ZooKeeper; see check.ts. Java is never started for it.

# HOST PORT WORD: the server's answer to a four-letter word.
zk_word() {
	timeout -k 1 2 bash -c 'exec 3<>"/dev/tcp/$1/$2" && printf %s "$3" >&3 && cat <&3' - "$1" "$2" "$3"
}

# HOST PORT: opens a session, reads /quorate and /zookeeper/config, and ends the session, all in one go; prints what comes
# back byte for byte. Each packet has its length before it; of 4 s is the session, 4 is getData, -11 ends it.
zk_session() {
	timeout -k 1 3 bash -c 'exec 3<>"/dev/tcp/$1/$2" && printf "$3" >&3 && cat <&3' - "$1" "$2" \
		'\0\0\0\055\0\0\0\0\0\0\0\0\0\0\0\0\0\0\017\240\0\0\0\0\0\0\0\0\0\0\0\020\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\025\0\0\0\001\0\0\0\004\0\0\0\010/quorate\0\0\0\0\036\0\0\0\002\0\0\0\004\0\0\0\021/zookeeper/config\0\0\0\0\010\0\0\0\003\377\377\377\365'
}

# HOST PORT: the same as hexadecimal digits.
zk_read() {
	zk_session "$1" "$2" >"$asking.bytes"
	zk_code=$?
	od -An -v -tx1 -- "$asking.bytes" | tr -d ' \n'
	rm -f -- "$asking.bytes"
	return "$zk_code"
}

# PORT…: something listens on one of these.
zk_listening() {
	for port; do
		grep -qsE "^ *[0-9]+: [0-9A-F]+:$(printf %04X "$port") [0-9A-F]+:0000 0A " /proc/net/tcp /proc/net/tcp6 && return
	done
	return 1
}

# PORT: to which addresses this host has connections at this port, as the kernel writes them: a follower's to its leader.
zk_follows() {
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
		sed -nE "s/^ *[0-9]+: [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]+):$(printf %04X "$1") 01 .*/\1/p" | sort -u
}

# PID: the data directory that a running server has its log in.
zk_used() {
	for fd in "/proc/$1/fd"/*; do
		file=$(readlink -- "$fd") || continue
		case $file in */version-2/log.*) printf '%s\n' "${file%/version-2/log.*}" && return ;; esac
	done
	return 1
}

# DIR: the ensemble and the id of the data that lies there, by what Quorate wrote beside it. 1: there is no data. 2: it
# cannot be told. What a server without data leaves is none: myid, the name of the ensemble that it is to be of, and the
# epochs that it has heard of.
zk_disk_id() {
	[ -e "$1" ] || return 1
	[ -d "$1" ] && ls -A -- "$1" >/dev/null || { echo "$1 is no directory that can be read" >&2; return 2; }
	zk_data=''
	for entry in "$1"/* "$1"/.[!.]* "$1"/version-2/*; do
		[ -e "$entry" ] || continue
		case ${entry#"$1"/} in
		version-2/acceptedEpoch* | version-2/currentEpoch*) ;;
		version-2/*) zk_data=yes ;;
		lost+found | .quorate-* | version-2 | initialize | myid | myid.quorate-* | quorate-ensemble | quorate-ensemble.quorate-* | quorate-begin | zookeeper_server.pid) ;;
		*) echo "$1 holds what is not ZooKeeper's: ${entry##*/}" >&2; return 2 ;;
		esac
	done
	[ -n "$zk_data" ] || return 1
	zk_ensemble='' zk_myid=''
	[ ! -e "$1/quorate-ensemble" ] || read -r zk_ensemble <"$1/quorate-ensemble"
	[ ! -e "$1/myid" ] || read -r zk_myid <"$1/myid"
	case $zk_ensemble in '' | *[!0-9A-Za-z]*) echo "of which ensemble the data in $1 is, is not written beside it: start it, and the server says so itself" >&2; return 2 ;; esac
	case $zk_myid in '' | *[!0-9]*) echo "there is data in $1, and no myid" >&2; return 2 ;; esac
	echo "$zk_ensemble $zk_myid"
}

# CLASSPATH: the version of ZooKeeper there, by the name of its jar, or by one with which that is the same file.
zk_installed() (
	IFS=:
	set -f
	for place in $1; do
		set +f
		for jar in $place; do
			case ${jar##*/} in zookeeper.jar | zookeeper-[0-9]*.jar) ;; *) continue ;; esac
			for name in "$jar" "${jar%/*}"/zookeeper-[0-9]*.jar "$(readlink -f -- "$jar")"; do
				[ "$name" -ef "$jar" ] || continue
				case ${name##*/} in zookeeper-[0-9]*.jar) name=${name##*/zookeeper-} && printf '%s\n' "${name%.jar}" && exit ;; esac
			done
		done
	done
	exit 1
)

# ADDRESS PORT CONFIG QUORUMPORT ELECTIONPORT CLASSPATH MEMBERSHIP [AUTH]: asks the server of this node.
zk_look() {
	ask config 0 cat -- "$3"
	ask myid 0 cat -- "$dir/myid"
	ask disk 0 zk_disk_id "$dir"
	ask jar 0 zk_installed "$6"
	ask restart 0 test -e "/var/lib/quorate/$service/restart"
	# Who listens there while nothing of this service runs would be in its way, and may be what it once was (S1).
	[ -n "$pid" ] || { ask taken 0 zk_listening "$2" "$4" "$5"; return; }
	ask super 0 test -r "${8:-/var/lib/quorate/$service/super}"
	ask used 0 zk_used "$pid"
	ask port 0 zk_listening "$2"
	read -r code <port.code
	[ "$code" = 0 ] || return
	ask srvr 0 zk_word "$1" "$2" srvr
	grep -q '^Mode: ' srvr.out || return
	ask read 0 zk_read "$1" "$2"
	ask follows 0 zk_follows "$4"
	[ "$7" = dynamic ] || ask conf 0 zk_word "$1" "$2" conf
}
