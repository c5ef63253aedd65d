# What the check of a node runs for etcd; see check.ts.

# ENDPOINTS SECONDS ARGUMENT…: etcdctl refuses a flag for what a variable says, and the node's own variables hold its
# credentials; so variables say all but the timeouts, which it takes from flags only. ETCDCTL_API is for 3.5 and before.
etcd_ctl() (
	set -a
	etcd_credentials || exit
	[ -z "$etcd_nobody" ] || unset ETCDCTL_USER ETCDCTL_PASSWORD
	ETCDCTL_API=3 ETCDCTL_ENDPOINTS=$1
	unset ETCDCTL_WRITE_OUT ETCDCTL_HEX ETCDCTL_DIAL_TIMEOUT ETCDCTL_COMMAND_TIMEOUT
	seconds=$2
	shift 2
	exec timeout -k 1 $((seconds + 1)) etcdctl --dial-timeout="${seconds}s" --command-timeout="${seconds}s" "$@"
)

# ENDPOINT OTHERS SECONDS: the status of a learner, which checks no password: 3.4 tells it to who shows none, 3.5 to who
# got a token from a voter, so one has to be among the endpoints.
etcd_learner() {
	said=$(etcd_nobody=yes && etcd_ctl "$1" "$3" endpoint status -w json) && printf '%s\n' "$said" && return
	for other in $2; do
		said=$(etcd_ctl "$1,$other" "$3" endpoint status -w json) && printf '%s\n' "$said" && return
	done
	return 1
}

# PID: what the running process was told, the strongest last.
etcd_told_process() {
	echo process
	cat -- "/proc/$1/environ" "/proc/$1/cmdline" | tr '\000' '\n' | etcd_flags -e '/^ETCD_/p'
}

# UNIT: what the unit would tell a process. Its own variables give way to the environment file, which Quorate writes
# before a first start; so a package's data directory only matters where it holds something.
etcd_told_unit() {
	for word in $(timeout -k 1 3 systemctl show -p Environment --value -- "$1"); do
		case $word in ETCD_DATA_DIR=*) package=${word#*=} ;; *) continue ;; esac
		etcd_disk_id "$package" >/dev/null 2>&1
		[ $? = 1 ] || printf '%s\n' "$word"
	done
	sed -n 's/^[[:space:]]*\(ETCD_DATA_DIR\|ETCD_WAL_DIR\|ETCD_CONFIG_FILE\)=["'\'']\{0,1\}\([^"'\'']*\).*/\1=\2/p' env.out
	{
		grep DAEMON_ARGS env.out
		timeout -k 1 3 systemctl show -p ExecStart --value -- "$1"
	} | tr -s ' ;"'\' '\n' | etcd_flags
}

# [SEDARG…]: flags of a command line, one argument a line, as variables.
etcd_flags() {
	sed -nE "$@" -e '/^--?(data-dir|wal-dir|listen-client-urls|config-file)$/{N;s/\n/=/}
s/^--?data-dir=/ETCD_DATA_DIR=/p;s/^--?wal-dir=/ETCD_WAL_DIR=/p
s/^--?listen-client-urls=/ETCD_LISTEN_CLIENT_URLS=/p;s/^--?config-file=/ETCD_CONFIG_FILE=/p'
}

# ADDRESS PORT URL: sets etcd_endpoint to where the process listens: the node's own address if it can be, because a
# certificate may not name 127.0.0.1; otherwise what it told, as a package's default does that listens on localhost.
etcd_listens() {
	etcd_endpoint=$3
	case ,$etcd_urls in
	,)
		[ -n "$etcd_config" ] || etcd_endpoint=http://localhost:2379
		;;
	*"//$1:$2"* | *"//[$1]:$2"* | *"//0.0.0.0:$2"* | *"//[::]:$2"*) ;;
	*) etcd_endpoint=${etcd_urls%%,*} ;;
	esac
}

# PORT…: something listens on one of these.
etcd_listening() {
	for port; do
		grep -qsE "^ *[0-9]+: [0-9A-F]+:$(printf %04X "$port") [0-9A-F]+:0000 0A " /proc/net/tcp /proc/net/tcp6 && return
	done
	return 1
}

# ADDRESS PORT URL ENVFILE BINARY PEERPORT: asks the etcd of this node.
etcd_look() {
	ask env 0 sed -n -e '/^[[:space:]]*\(ETCD_\|DAEMON_ARGS=\)/{:a' -e '/\\$/{$!{N;ba' -e '}}' -e 'p}' -- "$4"
	if [ -n "$pid" ]; then ask told 0 etcd_told_process "$pid"; else ask told 0 etcd_told_unit "$unit"; fi
	used='' wal='' etcd_urls='' etcd_config='' etcd_cluster=''
	while IFS='=' read -r key value; do
		case $key in
		ETCD_DATA_DIR) used=$value ;;
		ETCD_WAL_DIR) wal=$value ;;
		ETCD_LISTEN_CLIENT_URLS) etcd_urls=$value ;;
		ETCD_CONFIG_FILE) etcd_config=$value ;;
		ETCD_INITIAL_CLUSTER) etcd_cluster=$value ;;
		esac
	done <told.out
	case $used in
	'' | "$dir") ;;
	/*) used=$(readlink -m -- "$used") ;;
	*) [ -z "$pid" ] || used=$(readlink -m -- "/proc/$pid/cwd/$used") ;;
	esac
	[ -n "$etcd_config" ] || tell used "$used"
	ask disk 0 etcd_disk_id "$dir" "$wal"
	answered=''
	# Who listens there while nothing of this service runs would be in its way, and may be what it once was (S1).
	if [ -n "$pid" ]; then etcd_answers "$@"; else ask taken 0 etcd_listening "$2" "$6"; fi
	[ -n "$answered" ] || ask version 3 "$5" --version
}

# A learner is not asked what it does not serve: etcdctl would try again some 40 times a second until its deadline.
# Without a majority etcdctl 3.5 waits for the member list to its deadline; 3.4 gives the local one at once.
etcd_answers() {
	etcd_listens "$@"
	port=${etcd_endpoint##*:} port=${port%%/*}
	ask port 0 etcd_listening "$port"
	read -r code <port.code
	[ "$code" = 0 ] || return
	etcd_status etcd_ctl "$etcd_endpoint" 2 endpoint status -w json
	if [ -z "$answered" ] && grep -q 'not supported for learner' status.err; then
		others=$(printf '%s\n' "$etcd_cluster" | tr , '\n' | sed "s/^[^=]*=//;s/:[0-9]*\$/:$2/" | grep -vxF -- "$3")
		etcd_status etcd_learner "$etcd_endpoint" "$others" 2
	fi
	[ -n "$answered" ] || return
	case $status in *'"isLearner":true'*) return ;; esac
	ask get 0 etcd_ctl "$etcd_endpoint" 2 get quorate --keys-only -w json
	read -r code <get.code
	[ "$code" != 0 ] && seconds=1 || seconds=2
	ask members 0 etcd_ctl "$etcd_endpoint" "$seconds" member list -w json
	# A leader may have been elected while the read waited for it.
	case $code/$status in 0/*'"leader":'*) ;; 0/*) etcd_status etcd_ctl "$etcd_endpoint" 2 endpoint status -w json ;; esac
}

# COMMAND…
etcd_status() {
	ask status 0 "$@"
	status='' answered=''
	read -r code <status.code
	[ "$code" != 0 ] || { read -r status <status.out; answered=yes; }
}
